# Installed packages only; nothing is fetched. deploy/install-dependencies.sh installs them on Debian 12.
include_guard(GLOBAL)

find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PQXX REQUIRED IMPORTED_TARGET libpqxx)
if(QUANTFLEET_TESTS)
  find_package(GTest REQUIRED)
endif()
