# quantfleet_test(NAME name SOURCES a.cpp ... LIBS x ... [LABELS l ...] [TIMEOUT s])
# One program and one ctest entry a call. Labels: unit (default), integration (PostgreSQL, gRPC), e2e, device.
include_guard(GLOBAL)

# The system's Python: the modules the tests import come from Debian packages.
find_program(QUANTFLEET_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

function(quantfleet_test)
  cmake_parse_arguments(T "" "NAME;TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT T_LABELS)
    set(T_LABELS unit)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  add_executable(${T_NAME} ${T_SOURCES})
  target_link_libraries(${T_NAME} PRIVATE qf_flags ${T_LIBS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${T_NAME} PRIVATE
    QUANTFLEET_SOURCE_DIR="${PROJECT_SOURCE_DIR}" QUANTFLEET_BINARY_DIR="${PROJECT_BINARY_DIR}")
  add_test(NAME ${T_NAME} COMMAND ${T_NAME})
  set_tests_properties(${T_NAME} PROPERTIES LABELS "${T_LABELS}" TIMEOUT ${T_TIMEOUT})
endfunction()
