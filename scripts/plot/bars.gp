# Horizontal bars on a logarithmic axis, one for each item and part, labelled with its value.
# data: row,item,part,value,label   rows count from 1 at the top; item only in its first row
load scripts."/common.gp"

stats data using (column("row")) nooutput
n = int(STATS_max)
head = 18 + 20 * key_rows(parts)
foot = 64
height = head + foot + 26 * n
set terminal svg size 800,height fixed noenhanced font "sans-serif,15" background "#ffffff"
set output output

set lmargin at screen left_edge(items)
set rmargin at screen 0.965
set tmargin at screen 1 - head / (1.0 * height)
set bmargin at screen foot / (1.0 * height)
stats data using (column("value")) nooutput
set yrange [n + 0.6:0.4]
set logscale x
low = 0.5
high = STATS_max * 4
set xrange [low:high]
load scripts."/logtics.gp"
set border 1
set grid xtics noytics
set ytics scale 0
set xlabel axis offset 0,0.3
set key at screen 0.975, screen 1 - 8.0 / height right top horizontal maxcols key_columns(parts) samplen 1 width 1

plot for [p = 1:words(parts)] data \
        using (strcol("part") eq word(parts, p) ? low : 1/0):(column("row")): \
            (low):(column("value")):(column("row") - 0.36):(column("row") + 0.36):ytic(2) \
        with boxxyerror lt p title word(parts, p), \
    data using (column("value")):(column("row")):5 with labels left offset 0.5,0 notitle
