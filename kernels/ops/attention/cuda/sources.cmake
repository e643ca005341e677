# The device code of `attention`, for the library that nvcc makes and for the tests that run it on a CPU.
get_filename_component(QF_ATTENTION_CUDA ${CMAKE_CURRENT_LIST_DIR} ABSOLUTE)
set(QF_ATTENTION_CUDA_KERNELS ${QF_ATTENTION_CUDA}/materialize.cu ${QF_ATTENTION_CUDA}/prefill.cu
  ${QF_ATTENTION_CUDA}/split_kv.cu)
set(QF_ATTENTION_CUDA_HOST ${QF_ATTENTION_CUDA}/register.cpp)
