# Horizontal stacked bars: a row for each item, a colour for each part, its total at the end.
# data: row,item,part,from,to,total   rows count from 1 at the top; total only in a row's last part
load scripts."/common.gp"

n = words(items)
head = 18 + 20 * key_rows(parts)
foot = 64
height = head + foot + 34 * n
set terminal svg size 800,height fixed noenhanced font "sans-serif,15" background "#ffffff"
set output output

set lmargin at screen left_edge(items)
set rmargin at screen 0.965
set tmargin at screen 1 - head / (1.0 * height)
set bmargin at screen foot / (1.0 * height)
stats data using (column("to")) nooutput
if (STATS_max >= 1e4) {
    set format x "%.1s%c"
}
set yrange [n + 0.5:0.5]
set xrange [0:STATS_max * 1.12]
set border 1
set grid xtics noytics
set ytics scale 0
set xlabel axis offset 0,0.3
set key at screen 0.975, screen 1 - 8.0 / height right top horizontal maxcols key_columns(parts) samplen 1 width 1

plot for [p = 1:words(parts)] data \
        using (strcol("part") eq word(parts, p) ? column("from") : 1/0):(column("row")): \
            (column("from")):(column("to")):(column("row") - 0.36):(column("row") + 0.36):ytic(2) \
        with boxxyerror lt p title word(parts, p), \
    data using (column("to")):(column("row")):6 with labels left offset 0.5,0 notitle
