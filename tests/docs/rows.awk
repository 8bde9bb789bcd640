# rows.awk: turns the tables of docs/from-*.md into a C file for rows.c and into files for test_docs.sh.
#
#     awk -v prefix=pytorch -v folder=DIR -f rows.awk docs/from-pytorch.md >rows.inc
#
# A row is: | What | There | Tacet, C | Tacet, YAML or command line |. Its name is the prefix and its first cell. In the
# C cell, code that begins with a dot goes into the tacet_config, code that uses the plan p runs after a step, the rest
# describes the graph. YAML goes to DIR/NAME.yaml, a command to DIR/NAME.command, a C optimizer to DIR/NAME.optimizer.
# In the section "Images", x is an image, and there is a file DIR/NAME.image.

# Removes the next piece of code from `cell` and returns it; "" at the end.
function next_code(    code) {
    if (!match(cell, /`[^`]+`/)) return ""
    code = substr(cell, RSTART + 1, RLENGTH - 2)
    cell = substr(cell, RSTART + RLENGTH)
    gsub(/\001/, "|", code)
    return code
}

function read_c(    code, again) {
    describe = after = config = optimizer = ""
    while ((code = next_code()) != "") {
        if (code ~ /^\./) {
            config = config ", " code
            if (code ~ /\.optimizer/) { optimizer = code; gsub(/^[^"]*"|"$/, "", optimizer) }
        } else if (code ~ /\( ?p[,)]|, p,/) {
            if (code ~ /tacet_check_gradient/) code = "feed(f); " code
            if (code ~ /^tacet_(read|read_gradient|add_gradient|accumulate|step|forward|save|use_average|set_rate|set_lambda)\([^;]*\);$/) {
                again = code ~ /^tacet_accumulate/ ? " feed(f);" : "" # for the next batch
                sub(/;$/, "", code)
                code = "must(f, " code ");" again
            }
            after = after "    " code "\n"
        } else {
            describe = describe "    " code "\n"
        }
    }
    if (config !~ /\.optimizer/) config = config ", .optimizer = \"sgd lr=1e-4\""
}

function print_c(id) {
    printf "static void describe_%s(frame *f)\n{\n    tacet_graph *g = f->g;\n    tacet_value x = f->x, t = f->t, y = f->y;\n", id
    printf "    (void)g, (void)x;\n%s    f->t = t, f->y = y;\n}\n", describe
    printf "static tacet_plan *compile_%s(tacet_graph *g, tacet_error *why)\n{\n", id
    printf "    return tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 4%s}, why);\n}\n", config
    printf "static void after_%s(frame *f)\n{\n    tacet_plan *p = f->p;\n    tacet_error why = {0};\n", id
    printf "    (void)p;\n    {\n%s    }\n    expect_ok(f, &why);\n}\n", after
    rows = rows sprintf("    {\"%s\", %d, %d, %d, %d, %d, describe_%s, compile_%s, after_%s},\n", id,
                        describe ~ /tacet_chain/, describe ~ /"target"/, describe ~ /tacet_loss/,
                        after ~ /tacet_(step|forward)/, images, id, id, id)
}

function read_yaml(id,    code) {
    while ((code = next_code()) != "") print code >(folder "/" id (code ~ /^tacet / ? ".command" : ".yaml"))
    if (optimizer != "") print optimizer >(folder "/" id ".optimizer")
    if (images) printf "" >(folder "/" id ".image")
}

/^## / { images = /^## Images/ }

/^\| / && !/^\| What / {
    line = $0
    gsub(/\\\|/, "\001", line)
    if (split(line, part, "|") != 6) { print FILENAME ": not four cells: " $0 >"/dev/stderr"; exit 1 }
    id = tolower(part[2])
    gsub(/[^a-z0-9]+/, "_", id)
    id = prefix "_" substr(id, 2, length(id) - 2)
    cell = part[4]
    read_c()
    print_c(id)
    cell = part[5]
    read_yaml(id)
}

END { printf "static const row rows_%s[] = {\n%s};\n", prefix, rows }
