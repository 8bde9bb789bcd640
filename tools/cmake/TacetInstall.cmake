# cmake --install installs the library (static, and shared with its soname), the header, tacet.pc, a CMake package
# (find_package(Tacet) defines Tacet::tacet, the shared library; the static one is for pkg-config --static), the program and
# its man page.
include(CMakePackageConfigHelpers)

install(TARGETS tacet_shared EXPORT TacetTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS tacet_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/tacet/tacet.h include/tacet/operator.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tacet)
if(TARGET tacet_program)
    install(TARGETS tacet_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(EXISTS ${CMAKE_SOURCE_DIR}/docs/tacet.1)
    install(FILES docs/tacet.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

# tacet.pc lists the BLAS as a library, not as a package: OpenBLAS's .pc would also require the Fortran runtime, which the
# shared library already loads.
set(pc_libraries "-pthread -lm")
if(CBLAS_FOUND)
    string(PREPEND pc_libraries "${CBLAS_LIBRARY} ")
endif()
set(pc_packages)
set(names ZLIB PNG JPEG)
set(packages zlib libpng libjpeg)
foreach(name package IN ZIP_LISTS names packages)
    if(${name}_FOUND)
        string(APPEND pc_packages " ${package}")
    endif()
endforeach()
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
configure_file(tools/cmake/tacet.pc.in tacet.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/tacet.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# find_package
set_target_properties(tacet_shared PROPERTIES EXPORT_NAME tacet)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Tacet)
install(EXPORT TacetTargets NAMESPACE Tacet:: FILE TacetConfig.cmake DESTINATION ${package_dir})
write_basic_package_version_file(TacetConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/TacetConfigVersion.cmake DESTINATION ${package_dir})
