# qf_proto: the messages. qf_proto_grpc: the services. Generated code stays in the build directory.
include_guard(GLOBAL)

set(QF_PROTO_DIR ${PROJECT_SOURCE_DIR}/proto)
set(QF_PROTO_OUT ${PROJECT_BINARY_DIR}/proto)
file(MAKE_DIRECTORY ${QF_PROTO_OUT})

set(QF_MESSAGE_PROTOS arm comparison device dispatch engine measurement standing trend)
set(QF_SERVICE_PROTOS access_service admin_service agent_service enrolment_service fleet_service matrix_service result_service schedule_service series_service)

set(QF_PROTO_SOURCES)
set(QF_GRPC_SOURCES)
foreach(name ${QF_MESSAGE_PROTOS} ${QF_SERVICE_PROTOS})
  set(stem ${QF_PROTO_OUT}/quantfleet/v1/${name})
  set(outputs ${stem}.pb.cc ${stem}.pb.h)
  set(grpc_arguments)
  if(name IN_LIST QF_SERVICE_PROTOS)
    list(APPEND outputs ${stem}.grpc.pb.cc ${stem}.grpc.pb.h)
    list(APPEND QF_GRPC_SOURCES ${stem}.grpc.pb.cc)
    set(grpc_arguments --grpc_out=${QF_PROTO_OUT}
      --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
  endif()
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND protobuf::protoc -I${QF_PROTO_DIR} --cpp_out=${QF_PROTO_OUT} ${grpc_arguments}
            ${QF_PROTO_DIR}/quantfleet/v1/${name}.proto
    DEPENDS ${QF_PROTO_DIR}/quantfleet/v1/${name}.proto
    VERBATIM)
  list(APPEND QF_PROTO_SOURCES ${stem}.pb.cc)
endforeach()

# Generated code does not follow our warnings: it is compiled without qf_flags, but for the sanitizers.
add_library(qf_proto STATIC ${QF_PROTO_SOURCES})
target_include_directories(qf_proto SYSTEM PUBLIC ${QF_PROTO_OUT})
target_link_libraries(qf_proto PUBLIC protobuf::libprotobuf)

add_library(qf_proto_grpc STATIC ${QF_GRPC_SOURCES})
target_link_libraries(qf_proto_grpc PUBLIC qf_proto gRPC::grpc++ absl::synchronization)
if(QUANTFLEET_SANITIZE)
  target_compile_options(qf_proto PRIVATE -fsanitize=${QUANTFLEET_SANITIZE})
  target_compile_options(qf_proto_grpc PRIVATE -fsanitize=${QUANTFLEET_SANITIZE})
endif()
