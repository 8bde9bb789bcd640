#!/bin/sh
# test_install.sh: installs, and builds a C and a C++ program outside the tree against the installed copy, with pkg-config
# (shared and static) and with find_package.
set -eu
[ -z "${TACET_SANITIZE:-}" ] || exit 77 # a user's program would need the sanitizers too
! nm "$TACET_BUILD/libtacet.a" 2>/dev/null | grep -q __gcov || exit 77
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir "$room/user"
cmake --install "$TACET_BUILD" --prefix "$room/usr" >"$room/log" || { cat "$room/log"; exit 1; }
mv "$room/usr" "$room/moved" # the installed files must be relocatable
prefix=$room/moved
cd "$room/user"

cat >user.c <<'EOF'
#include <stdio.h>
#include <tacet/tacet.h>
int main(void)
{
    tacet_error why;
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_value x = tacet_input(g, "x", 1, (int64_t[]){2}), t = tacet_labels(g, "target");
    tacet_loss(g, "cross_entropy", tacet_chain(g, x, "linear 4 | relu | linear 2"), t);
    tacet_penalize(g, "relu1", "l1 1e-3");
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 1, .optimizer = "sgd lr=0.1"}, &why);
    if (!p) return fprintf(stderr, "%s\n", why.message), 1;
    tacet_feed(p, x, TACET_F32, (float[]){1, -1}), tacet_feed(p, t, TACET_I32, (int32_t[]){1});
    if (tacet_step(p, 1)) return fprintf(stderr, "%s\n", tacet_plan_error(p)->message), 1;
    printf("%s %d %d\n", tacet_version(), tacet_objective(p) > tacet_data_loss(p), tacet_term_count(p));
    tacet_plan_free(p), tacet_graph_free(g);
    return 0;
}
EOF
cat >user.cpp <<'EOF'
#include <cstdio>
#include <tacet/tacet.h>
int main()
{
    tacet_error why;
    tacet_graph *g = tacet_graph_new(nullptr);
    const int64_t shape[] = {2};
    const float row[] = {1, -1};
    tacet_value x = tacet_input(g, "x", 1, shape);
    tacet_chain(g, x, "linear 4 | relu");
    tacet_keep(g, "relu1");
    tacet_config config = {};
    config.size = sizeof config;
    tacet_plan *p = tacet_compile(g, &config, &why);
    if (!p) return std::fprintf(stderr, "%s\n", why.message), 1;
    float y[4];
    tacet_feed(p, x, TACET_F32, row);
    if (tacet_forward(p, 1) || tacet_read(p, "relu1", y, 4)) return 1;
    std::printf("%s %d\n", tacet_version(), y[0] >= 0);
    tacet_plan_free(p), tacet_graph_free(g);
}
EOF
cat >CMakeLists.txt <<'EOF'
cmake_minimum_required(VERSION 3.21)
project(user C CXX)
find_package(Tacet 0.1 REQUIRED)
add_executable(c_user user.c)
target_link_libraries(c_user Tacet::tacet)
add_executable(cpp_user user.cpp)
target_link_libraries(cpp_user Tacet::tacet)
EOF

expect() { # WHAT EXPECTED COMMAND...
    what=$1 expected=$2
    shift 2
    got=$("$@") || { echo "$what: failed"; exit 1; }
    [ "$got" = "$expected" ] || { echo "$what: expected '$expected', got '$got'"; exit 1; }
}

version=$(sed -n 's/^#define TACET_VERSION "\(.*\)"/\1/p' "$TACET_SOURCE/include/tacet/tacet.h")
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name tacet.pc)")
export PKG_CONFIG_PATH
libdir=$(pkg-config --variable=libdir tacet)
expect "version in tacet.pc" "$version" pkg-config --modversion tacet
[ -L "$libdir/libtacet.so" ] && objdump -p "$libdir/libtacet.so" | grep -q 'SONAME *libtacet\.so\.0$' || { echo "no soname"; exit 1; }

# shellcheck disable=SC2046 # split into words on purpose
{
    ${CC:-cc} -std=c17 -Wall -Wextra -Werror user.c -o by_pc $(pkg-config --cflags --libs tacet)
    ${CXX:-c++} -std=c++11 -pedantic -Wall -Wextra -Werror user.cpp -o by_pc_cpp $(pkg-config --cflags --libs tacet)
    ${CC:-cc} -std=c17 user.c -o by_pc_static $(pkg-config --static --cflags --libs tacet | sed 's/-ltacet/-l:libtacet.a/')
}
expect "pkg-config, C" "$version 1 2" env LD_LIBRARY_PATH="$libdir" ./by_pc
expect "pkg-config, C++" "$version 1" env LD_LIBRARY_PATH="$libdir" ./by_pc_cpp
expect "pkg-config --static" "$version 1 2" ./by_pc_static

cmake -S . -B build -DCMAKE_PREFIX_PATH="$prefix" >"$room/log" 2>&1 && cmake --build build >>"$room/log" 2>&1 || { cat "$room/log"; exit 1; }
expect "find_package, C" "$version 1 2" build/c_user
expect "find_package, C++" "$version 1" build/cpp_user

if [ -e "$TACET" ]; then
    "$prefix/bin/tacet" --help >/dev/null || { echo "the installed program does not run"; exit 1; }
fi
if [ -e "$TACET_SOURCE/docs/tacet.1" ]; then
    [ -e "$prefix/share/man/man1/tacet.1" ] || { echo "no man page"; exit 1; }
fi
