# Distributions on one logarithmic axis, a panel for each item, a colour for each part.
# data: item,part,lower,upper,percent,median
load scripts."/common.gp"

n = words(items)
head = 18 + 20 * key_rows(parts)
foot = 64
panel = 78
height = head + foot + panel * n
set terminal svg size 800,height fixed noenhanced font "sans-serif,15" background "#ffffff"
set output output

stats data using (column("lower")) nooutput
low = STATS_min > 0 ? STATS_min : 1
stats data using (column("upper")) nooutput
high = STATS_max
set logscale x
low = low / 1.15
high = high * 1.15
set xrange [low:high]
set lmargin at screen left_edge(items)
set rmargin at screen 0.975
unset key
unset ytics
set border 1
set grid xtics noytics
set style fill solid 0.55 noborder
set multiplot

do for [i = 1:n] {
    set tmargin at screen 1 - (head + panel * (i - 1) + 8.0) / height
    set bmargin at screen 1 - (head + panel * i) / (1.0 * height)
    set yrange [*:*]
    stats data using (strcol("item") eq word(items, i) ? column("percent") : 1/0) nooutput
    set yrange [0:STATS_max * 1.08]
    set label 1 word(items, i) at graph 0, graph 0.42 right offset -1,0
    labelled = i == n
    load scripts."/logtics.gp"
    if (i == n) {
        set xlabel axis offset 0,0.3
        set key at screen 0.975, screen 1 - 8.0 / height right top horizontal \
            maxcols key_columns(parts) samplen 1 width 1
    } else {
        unset xlabel
        unset key
    }
    plot for [p = 1:words(parts)] data \
            using (strcol("item") eq word(items, i) && strcol("part") eq word(parts, p) ? column("lower") : 1/0): \
                (0):(column("lower")):(column("upper")):(0):(column("percent")) \
            with boxxyerror lt p title word(parts, p), \
        for [p = 1:words(parts)] data \
            using (strcol("item") eq word(items, i) && strcol("part") eq word(parts, p) ? column("median") : 1/0): \
                (0):(0):(STATS_max * 1.08) with vectors nohead lt p lw 1.5 notitle
}
unset multiplot
