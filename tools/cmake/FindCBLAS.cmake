# Finds a library with the C interface to BLAS and defines the target CBLAS::CBLAS. TACET_BLAS selects the library: openblas,
# or generic for the first of cblas, blis, mkl_rt and blas that exists (set CBLAS_LIBRARY to choose another).
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
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CBLAS REQUIRED_VARS CBLAS_LIBRARY CBLAS_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "install libopenblas-dev, or configure with -DTACET_BLAS=none")
if(CBLAS_FOUND AND NOT TARGET CBLAS::CBLAS)
    add_library(CBLAS::CBLAS UNKNOWN IMPORTED)
    set_target_properties(CBLAS::CBLAS PROPERTIES IMPORTED_LOCATION ${CBLAS_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${CBLAS_INCLUDE_DIR})
endif()
mark_as_advanced(CBLAS_INCLUDE_DIR CBLAS_LIBRARY)
