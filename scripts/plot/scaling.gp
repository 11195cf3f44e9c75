# Parallel efficiency over the number of guests, a line for each item, and what the CPUs allow.
# data: item,guests,percent,low,high   item "limit": what the number of CPUs allows
load scripts."/common.gp"

head = 18 + 20 * key_rows(items . " allowed-by-the-CPUs")
foot = 64
height = head + foot + 300
set terminal svg size 800,height fixed noenhanced font "sans-serif,15" background "#ffffff"
set output output

stats data using (column("guests")) nooutput
fewest = STATS_min
most = STATS_max
stats data using (column("high")) nooutput

set lmargin at screen 0.1
set rmargin at screen 0.965
set tmargin at screen 1 - head / (1.0 * height)
set bmargin at screen foot / (1.0 * height)
set logscale x 2
set xrange [fewest / 1.12:most * 1.12]
set yrange [0:(STATS_max > 105 ? STATS_max * 1.05 : 110)]
set xtics (1, 2, 4, 8)
set xlabel "guests in parallel, one vCPU each" offset 0,0.3
set ylabel axis
set key at screen 0.975, screen 1 - 8.0 / height right top horizontal maxcols key_columns(items . " allowed-by-the-CPUs") samplen 2 width 1

# Points of one number of guests stand side by side, so that intervals do not hide each other.
side(x, i) = x * (1 + 0.012 * (i - (words(items) + 1) / 2.0))

plot data using (strcol("item") eq "limit" ? column("guests") : 1/0):(column("percent")) \
        with lines lt 7 lw 1.8 dt 2 title "allowed by the CPUs", \
    for [i = 1:words(items)] data \
        using (strcol("item") eq word(items, i) ? side(column("guests"), i) : 1/0): \
            (column("percent")):(column("low")):(column("high")) \
        with yerrorlines lt i lw 1.8 ps 0.8 title word(items, i)
