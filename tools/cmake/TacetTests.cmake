# The tests. Each tests/test_*.c is a separate cmocka program that may use the library's internals; each tests/test_*.sh is
# run with TACET (the program), TACET_SOURCE and TACET_BUILD in its environment; it exits with status 77 if it is skipped. A
# test file with "timeout N" in a comment gets N seconds instead of 120.
#
# tests/ops has operators that only tests use, written like those of the library: one file, and one line in test_ops.def.
# Programs named tests/test_extra_*.c have them in their table of operators, after those of the library; for scripts named
# tests/test_extra_*.sh, TACET is a program that has them.
find_library(CMOCKA_LIB cmocka)
find_path(CMOCKA_HEADERS cmocka.h)
if(NOT CMOCKA_LIB OR NOT CMOCKA_HEADERS)
    message(FATAL_ERROR "The tests need cmocka: install libcmocka-dev, or configure with -DTACET_TESTS=OFF")
endif()
file(GLOB test_sources CONFIGURE_DEPENDS tests/test_*.c)
if(NOT PNG_FOUND OR NOT JPEG_FOUND)
    list(FILTER test_sources EXCLUDE REGEX "/test_images\\.c$") # it writes such files
endif()
file(GLOB test_scripts CONFIGURE_DEPENDS tests/test_*.sh)

# detect_stack_use_after_return is not set: for it, GCC 12 aligns its fake stack frames to 32 bytes, but moves AVX-512
# vectors to and from them as if they were aligned to 64.
set(test_environment
    TACET=${CMAKE_BINARY_DIR}/tacet
    TACET_SOURCE=${CMAKE_SOURCE_DIR}
    TACET_BUILD=${CMAKE_BINARY_DIR}
    TACET_SANITIZE=${TACET_SANITIZE}
    OPENBLAS_NUM_THREADS=1
    ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:allocator_may_return_null=1
    UBSAN_OPTIONS=print_stacktrace=1
    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1)

# The linker takes an object from an archive only for a missing symbol, so this op.c keeps the library's op.c out.
file(GLOB extra_operators CONFIGURE_DEPENDS tests/ops/*.c)
add_library(tacet_extra_operators OBJECT src/op/op.c ${extra_operators})
target_compile_definitions(tacet_extra_operators PRIVATE TC_TEST_OPS)
target_include_directories(tacet_extra_operators PRIVATE include src tests)
target_link_libraries(tacet_extra_operators PRIVATE tacet_flags)

add_executable(tacet_extra_program $<TARGET_OBJECTS:tacet_program> $<TARGET_OBJECTS:tacet_extra_operators>)
set_target_properties(tacet_extra_program PROPERTIES OUTPUT_NAME tacet_extra LINKER_LANGUAGE C
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(tacet_extra_program PRIVATE tacet_flags tacet_report)

# tests/growth is one program, built twice: with today's tacet.h and a later library, and with a later header and today's
# library. In the later header, each struct that can grow has one more field.
set(tomorrow ${CMAKE_BINARY_DIR}/tests/tomorrow)
foreach(header tacet operator)
    add_custom_command(OUTPUT ${tomorrow}/tacet/${header}.h
        COMMAND ${CMAKE_COMMAND} -E make_directory ${tomorrow}/tacet
        COMMAND awk -v header=${header} -f ${CMAKE_SOURCE_DIR}/tests/growth/tomorrow.awk ${CMAKE_SOURCE_DIR}/include/tacet/${header}.h > ${tomorrow}/tacet/${header}.h
        DEPENDS include/tacet/${header}.h tests/growth/tomorrow.awk)
endforeach()
add_library(tacet_tomorrow STATIC ${library_sources} ${tomorrow}/tacet/tacet.h ${tomorrow}/tacet/operator.h)
target_include_directories(tacet_tomorrow PRIVATE ${tomorrow} src)
target_compile_definitions(tacet_tomorrow PRIVATE $<TARGET_PROPERTY:tacet_objects,COMPILE_DEFINITIONS>)
target_compile_options(tacet_tomorrow PRIVATE -O0)
target_link_libraries(tacet_tomorrow PRIVATE tacet_flags ${parts} m)
add_executable(growth_today tests/growth/growth.c)
target_include_directories(growth_today PRIVATE include)
target_link_libraries(growth_today PRIVATE tacet_tomorrow)
add_executable(growth_tomorrow tests/growth/growth.c)
add_dependencies(growth_tomorrow tacet_tomorrow) # which makes the header
target_include_directories(growth_tomorrow BEFORE PRIVATE ${tomorrow})
target_link_libraries(growth_tomorrow PRIVATE tacet_static)
foreach(name growth_today growth_tomorrow)
    target_include_directories(${name} PRIVATE tests ${CMOCKA_HEADERS})
    target_link_libraries(${name} PRIVATE tacet_flags ${CMOCKA_LIB})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME test_${name} COMMAND ${name})
    set_tests_properties(test_${name} PROPERTIES ENVIRONMENT "${test_environment}" TIMEOUT 120)
endforeach()

foreach(source ${test_sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    if(name MATCHES "^test_extra_")
        target_sources(${name} PRIVATE $<TARGET_OBJECTS:tacet_extra_operators>)
    endif()
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests
        ${CMOCKA_HEADERS})
    target_link_libraries(${name} PRIVATE tacet_flags tacet_static ${CMOCKA_LIB} ZLIB::ZLIB Threads::Threads m)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endforeach()
# The operators in double, which test_finite loads.
file(GLOB double_sources CONFIGURE_DEPENDS src/base/*.c src/spec/*.c src/formula/*.c src/op/*.c)
add_library(finite_reference MODULE tests/finite/reference.c ${double_sources})
set_target_properties(finite_reference PROPERTIES PREFIX "" SUFFIX .so C_VISIBILITY_PRESET hidden
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_include_directories(finite_reference PRIVATE include src tests ${CMOCKA_HEADERS})
target_compile_options(finite_reference PRIVATE -include finite/double.h -w)
target_link_libraries(finite_reference PRIVATE tacet_flags ${CMOCKA_LIB} Threads::Threads m)
add_dependencies(test_finite finite_reference)
target_link_libraries(test_finite PRIVATE ${CMAKE_DL_LIBS})

# ---- make faults (tests/faults/faults.h) ----
# Not with sanitizers, which bring an allocator of their own, and not with coverage, which writes files at the end. planted
# is the driver with a program whose mistakes it must find (tests/test_faults.sh).
if(NOT TACET_SANITIZE AND NOT TACET_COVERAGE)
    set(faults ${CMAKE_BINARY_DIR}/faults)
    add_library(faults_shim MODULE tests/faults/shim.c)
    set_target_properties(faults_shim PROPERTIES PREFIX "" OUTPUT_NAME shim LIBRARY_OUTPUT_DIRECTORY ${faults})
    target_link_libraries(faults_shim PRIVATE tacet_flags ${CMAKE_DL_LIBS})
    foreach(name calls planted)
        add_executable(faults_${name} tests/faults/${name}.c)
        set_target_properties(faults_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${faults})
        target_link_libraries(faults_${name} PRIVATE tacet_flags tacet_static)
    endforeach()
    foreach(table commands planted)
        set(name faults_of_${table})
        add_executable(${name} tests/faults/faults.c tests/faults/judge.c tests/faults/trace.c tests/faults/tree.c)
        set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${faults})
        target_include_directories(${name} PRIVATE include src)
        target_compile_definitions(${name} PRIVATE FAULTS_COMMANDS="${table}.def" FAULTS_SHIM="$<TARGET_FILE:faults_shim>"
            FAULTS_FILES="${CMAKE_SOURCE_DIR}/tests/faults/files" FAULTS_PROGRAMS="${CMAKE_BINARY_DIR}:${faults}")
        target_link_libraries(${name} PRIVATE tacet_flags tacet_static)
        add_dependencies(${name} faults_shim faults_calls faults_planted tacet_program)
    endforeach()
    set_target_properties(faults_of_commands PROPERTIES OUTPUT_NAME faults)
endif()

foreach(script ${test_scripts})
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME ${name} COMMAND sh ${script} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
endforeach()

foreach(file ${test_sources} ${test_scripts})
    get_filename_component(name ${file} NAME_WE)
    set(seconds 120)
    file(STRINGS ${file} marks LIMIT_COUNT 3 REGEX "^(#| [*]).*timeout [0-9]+")
    if(marks MATCHES "timeout ([0-9]+)")
        set(seconds ${CMAKE_MATCH_1})
    endif()
    if(TACET_COVERAGE) # counting is slow
        math(EXPR seconds "5 * ${seconds}")
    endif()
    set(environment ${test_environment})
    if(name MATCHES "^test_extra_")
        list(TRANSFORM environment REPLACE "^TACET=.*" "TACET=${CMAKE_BINARY_DIR}/tests/tacet_extra")
    endif()
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}" SKIP_RETURN_CODE 77 TIMEOUT ${seconds})
endforeach()
