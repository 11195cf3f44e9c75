# A point and its interval for each item and part on a logarithmic axis, the parts of an item in one row.
# data: row,item,part,value,low,high,label   row: the item's place in items, from 1 at the top
# marks: values to draw a line at, separated by blanks; may be empty
load scripts."/common.gp"

n = words(items)
parts_count = words(parts)
head = 18 + 20 * key_rows(parts)
foot = 64
height = head + foot + (parts_count == 1 ? 24 : 12 * parts_count + 8) * n
set terminal svg size 800,height fixed noenhanced font "sans-serif,15" background "#ffffff"
set output output

set lmargin at screen left_edge(items)
set rmargin at screen 0.965
set tmargin at screen 1 - head / (1.0 * height)
set bmargin at screen foot / (1.0 * height)
stats data using (column("low")) nooutput
least = STATS_min
stats data using (column("high")) nooutput
most = STATS_max
do for [i = 1:words(marks)] {
    least = word(marks, i) + 0 < least ? word(marks, i) + 0 : least
    most = word(marks, i) + 0 > most ? word(marks, i) + 0 : most
}
set yrange [n + 0.7:0.3]
set logscale x
low = least / 1.4
high = most * (most / least > 100 ? 4 : 2)
set xrange [low:high]
load scripts."/logtics.gp"
do for [i = 1:words(marks)] {
    set arrow i from first word(marks, i) + 0, graph 0 to first word(marks, i) + 0, graph 1 \
        nohead lt 7 lw 1.5 dt 2 back
}
set border 1
set grid xtics noytics
set ytics scale 0
set ytics ("" 0)
set for [i = 1:n] ytics add (word(items, i) i)
set xlabel axis offset 0,0.3
set bars 0.6
set key at screen 0.975, screen 1 - 8.0 / height right top horizontal maxcols key_columns(parts) samplen 1 width 1

place(p) = parts_count == 1 ? 0 : (p - (parts_count + 1) / 2.0) * 0.64 / parts_count

plot for [p = 1:words(parts)] data \
        using (strcol("part") eq word(parts, p) ? column("value") : 1/0):(column("row") + place(p)): \
            (column("low")):(column("high")) \
        with xerrorbars lt p lw 1.6 ps 0.8 title word(parts, p), \
    data using (column("high")):(column("row")):7 with labels left offset 0.8,0 notitle
