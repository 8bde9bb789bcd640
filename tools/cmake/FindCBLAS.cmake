# Finds a library with the C interface to BLAS and defines the target CBLAS::CBLAS. TACET_BLAS selects the library: openblas,
# or generic for the first of cblas, blis, mkl_rt and blas that exists (set CBLAS_LIBRARY to choose another).
#
# pip builds with scipy-openblas32 (PyPI) if the system has no such library. This is OpenBLAS in a package for Python, which
# is gone after the build: the wheel needs a copy of CBLAS_LIBRARY, and CBLAS_COPY is then true.
find_package(PkgConfig QUIET)
if(TACET_BLAS STREQUAL openblas)
    if(PkgConfig_FOUND)
        pkg_check_modules(PC_OPENBLAS QUIET openblas)
    endif()
    set(names openblas)
elseif(TACET_BLAS STREQUAL generic)
    set(names cblas blis mkl_rt blas)
else()
    message(FATAL_ERROR "TACET_BLAS must be openblas, generic or none, not '${TACET_BLAS}'")
endif()
find_path(CBLAS_INCLUDE_DIR cblas.h HINTS ${PC_OPENBLAS_INCLUDE_DIRS} PATH_SUFFIXES openblas blis mkl)
find_library(CBLAS_LIBRARY NAMES ${names} HINTS ${PC_OPENBLAS_LIBRARY_DIRS})
set(CBLAS_COPY FALSE)
if(SKBUILD AND NOT (CBLAS_INCLUDE_DIR AND CBLAS_LIBRARY))
    execute_process(COMMAND ${Python3_EXECUTABLE} -c "from scipy_openblas32 import *; \
print(get_include_dir(), get_lib_dir() + '/' + get_library(True), sep=';', end='')"
        OUTPUT_VARIABLE places RESULT_VARIABLE missing ERROR_QUIET)
    if(NOT missing)
        list(GET places 0 CBLAS_INCLUDE_DIR)
        list(GET places 1 CBLAS_LIBRARY)
        set(CBLAS_COPY TRUE)
    endif()
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CBLAS REQUIRED_VARS CBLAS_LIBRARY CBLAS_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "install libopenblas-dev, or configure with -DTACET_BLAS=none")
if(CBLAS_FOUND AND NOT TARGET CBLAS::CBLAS)
    add_library(CBLAS::CBLAS UNKNOWN IMPORTED)
    set_target_properties(CBLAS::CBLAS PROPERTIES IMPORTED_LOCATION ${CBLAS_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${CBLAS_INCLUDE_DIR})
    if(CBLAS_COPY) # its functions have a prefix
        foreach(name cblas_sgemm cblas_sgemv openblas_set_num_threads openblas_get_num_threads openblas_get_config
                openblas_get_corename)
            set_property(TARGET CBLAS::CBLAS APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS ${name}=scipy_${name})
        endforeach()
    endif()
endif()
mark_as_advanced(CBLAS_INCLUDE_DIR CBLAS_LIBRARY)
