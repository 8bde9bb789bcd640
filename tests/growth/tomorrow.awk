# tomorrow.awk: makes a later version of a header, in which each struct that can grow has one more field.
/^typedef struct/ { grows = 0 }
/^    size_t size;/ { grows = 1 }
/^} tacet_/ && grows { print "    int64_t tomorrow[2];"; structs++; grows = 0 }
{ print }
END { print "#define TACET_GROWN_" header " " structs }
