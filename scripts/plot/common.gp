# Shared by every plot. Set by the caller (kvm-bench report, or -e by hand):
#   data, output   CSV to read, SVG to write       scripts   this folder
#   axis           label of the value axis          items     rows or panels, separated by blanks
#   parts          the colours' names, separated by blanks
# A rectangle, #ffffff, lies under each plot; kvm-bench takes it out where it puts a plot into a page.
set datafile separator comma
set datafile columnheaders
set encoding utf8

# Okabe and Ito's palette without yellow (pale on white) and black: told apart with any colour vision.
set linetype 1 lc rgb "#0072B2" pt 7
set linetype 2 lc rgb "#E69F00" pt 5
set linetype 3 lc rgb "#009E73" pt 9
set linetype 4 lc rgb "#CC79A7" pt 13
set linetype 5 lc rgb "#56B4E9" pt 11
set linetype 6 lc rgb "#D55E00" pt 15
set linetype 7 lc rgb "#8C8C8C" pt 4
set linetype cycle 7

set style fill solid 0.85 noborder
set border 3 lw 1
set tics nomirror scale 0.5
set grid lt -1 lc rgb "#b0888888" lw 0.7

labelled = 1

# Room on the left for the longest name, in screen units of a plot 800 wide.
longest(list) = int(sum [i = 1:words(list)] 0) + \
    (max = 0, sum [i = 1:words(list)] (max = strlen(word(list, i)) > max ? strlen(word(list, i)) : max, 0), max)
left_edge(list) = (edge = (24 + 9.1 * longest(list)) / 800.0, edge < 0.07 ? 0.07 : edge > 0.36 ? 0.36 : edge)

# The key stands in rows above the plot: how many it takes.
key_columns(list) = (c = int(72.0 / (longest(list) + 7)), c < 1 ? 1 : c)
key_rows(list) = int(ceil(words(list) / (1.0 * key_columns(list))))
