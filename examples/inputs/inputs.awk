# inputs.awk: makes the tables in this folder.
#
#   awk -v seed=1 -v rows=400 -f inputs.awk > inputs.csv
#   awk -v seed=2 -v rows=200 -f inputs.awk > inputs_test.csv
#
# Twenty columns of uniform whole numbers from 0 to 99. y = max(c3, c7) / 20 + min(c12, 40) / 10 + noise with a variance of
# 0.04. The generator is Park and Miller's minimal standard, because rand() differs from one awk to another.
function draw() {
    state = state * 16807 % 2147483647
    return int(state / 2147483647 * 100)
}
BEGIN {
    state = seed * 7919
    for (k = 0; k < 20; k++) {
        draw()
        printf "c%d,", k
    }
    print "y"
    for (i = 0; i < rows; i++) {
        for (k = 0; k < 20; k++) {
            c[k] = draw()
            printf "%d,", c[k]
        }
        y = (c[3] > c[7] ? c[3] : c[7]) / 20 + (c[12] < 40 ? c[12] : 40) / 10
        printf "%.1f\n", y + (draw() - draw()) / 200
    }
}
