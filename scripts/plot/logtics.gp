# Tics of a logarithmic axis from low to high; labels unless labelled is 0. Where few decades are
# shown, 2 and 5 of each get one too.
first = int(floor(log10(low)))
last = int(ceil(log10(high)))
label_of(x) = !labelled ? "" : x >= 1 ? gprintf("%.0s%c", x) : sprintf("%g", x)
set xtics (label_of(10.0 ** first) 10.0 ** first)
set for [e = first:last] xtics add (label_of(10.0 ** e) 10.0 ** e)
if (log10(high / low) < 2.2) {
    set for [e = first:last] xtics add (label_of(2 * 10.0 ** e) 2 * 10.0 ** e)
    set for [e = first:last] xtics add (label_of(5 * 10.0 ** e) 5 * 10.0 ** e)
}
