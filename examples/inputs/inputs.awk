# inputs.awk: makes the tables of this folder.
#
#   awk -v seed=1 -v rows=400 -f inputs.awk > inputs.csv
#   awk -v seed=2 -v rows=200 -f inputs.awk > inputs_test.csv
#
# Twenty columns of whole numbers from 0 to 99, all as likely. y is a rule about three of them, the larger of c3 and c7 over
# 20 and the smaller of c12 and 40 over 10, and noise with a variance of 0.04. It draws by itself (Park and Miller's minimal
# standard), because rand() differs from one awk to another.
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
