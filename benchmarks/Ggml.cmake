# ggml_peer: headers and libraries of the ggml in QUANTFLEET_GGML. Nothing is cached, so that another directory can be
# named at any time.
set(GGML_HINT "build it there: cmake -S . -B build -DGGML_NATIVE=ON -DGGML_LLAMAFILE=ON -DGGML_OPENMP=OFF && cmake --build build")
find_path(GGML_INCLUDE ggml-cpu.h PATHS ${QUANTFLEET_GGML} PATH_SUFFIXES include NO_DEFAULT_PATH NO_CACHE)
if(NOT GGML_INCLUDE)
  message(FATAL_ERROR "no include/ggml-cpu.h in QUANTFLEET_GGML=${QUANTFLEET_GGML}")
endif()
add_library(ggml_peer INTERFACE)
target_include_directories(ggml_peer SYSTEM INTERFACE ${GGML_INCLUDE})
foreach(name ggml-cpu ggml-base)
  find_library(GGML_LIBRARY_${name} ${name} PATHS ${QUANTFLEET_GGML}
    PATH_SUFFIXES build/src build/bin build/lib src lib lib64 lib/${CMAKE_LIBRARY_ARCHITECTURE} NO_DEFAULT_PATH NO_CACHE)
  if(NOT GGML_LIBRARY_${name})
    message(FATAL_ERROR "no lib${name} in QUANTFLEET_GGML=${QUANTFLEET_GGML}; ${GGML_HINT}")
  endif()
  target_link_libraries(ggml_peer INTERFACE ${GGML_LIBRARY_${name}})
endforeach()
target_link_libraries(ggml_peer INTERFACE ${CMAKE_DL_LIBS})
