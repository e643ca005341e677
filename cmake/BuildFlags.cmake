# The one place for compiler flags. Every target of ours links qf_flags; nothing else sets flags.
include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(QUANTFLEET_CCACHE ccache)
if(QUANTFLEET_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths below the project count as relative, so that another clone finds what this one compiled.
  cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH QUANTFLEET_ROOT)
  set(QUANTFLEET_LAUNCHER env CCACHE_BASEDIR=${QUANTFLEET_ROOT} CCACHE_NOHASHDIR=1 ${QUANTFLEET_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${QUANTFLEET_LAUNCHER})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${QUANTFLEET_LAUNCHER})
endif()

option(QUANTFLEET_WERROR "Treat warnings as errors" ${PROJECT_IS_TOP_LEVEL})
set(QUANTFLEET_SANITIZE "" CACHE STRING "Sanitizers: empty, 'address,undefined' or 'thread'")

add_library(qf_flags INTERFACE)
target_compile_options(qf_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
    -Wcast-align -Woverloaded-virtual -Wconversion -Wsign-conversion -Wimplicit-fallthrough>
  # False alarms of GCC 12 on std::string (https://gcc.gnu.org/PR105651).
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict>
  # Encoders must give the same bytes everywhere: no silent fused multiply-add.
  $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${QUANTFLEET_WERROR}>>:-Werror>)
if(QUANTFLEET_SANITIZE)
  # The shift checks of GCC 12 make it warn of the sign of promoted bytes; other builds keep the warning.
  target_compile_options(qf_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${QUANTFLEET_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer -g1 -Wno-sign-conversion>)
  target_link_options(qf_flags INTERFACE -fsanitize=${QUANTFLEET_SANITIZE})
endif()
find_package(Threads REQUIRED)
target_link_libraries(qf_flags INTERFACE Threads::Threads)
