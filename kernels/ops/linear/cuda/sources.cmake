# The device code of `linear`, for the library that nvcc makes and for the tests that run it on a CPU.
get_filename_component(QF_LINEAR_CUDA ${CMAKE_CURRENT_LIST_DIR} ABSOLUTE)
set(QF_LINEAR_CUDA_DECODE
  ${QF_LINEAR_CUDA}/decode/bytes.cu ${QF_LINEAR_CUDA}/decode/four_bits.cu
  ${QF_LINEAR_CUDA}/decode/int4.cu ${QF_LINEAR_CUDA}/decode/large_blocks.cu
  ${QF_LINEAR_CUDA}/decode/small_blocks.cu ${QF_LINEAR_CUDA}/decode/values.cu)
set(QF_LINEAR_CUDA_KERNELS ${QF_LINEAR_CUDA_DECODE} ${QF_LINEAR_CUDA}/act_order/reorder.cu
  ${QF_LINEAR_CUDA}/fused/formats/four_bits.cu ${QF_LINEAR_CUDA}/fused/formats/int4.cu
  ${QF_LINEAR_CUDA}/fused/formats/grid.cu ${QF_LINEAR_CUDA}/fused/formats/large_blocks.cu
  ${QF_LINEAR_CUDA}/fused/formats/microscaling.cu ${QF_LINEAR_CUDA}/fused/formats/plain.cu
  ${QF_LINEAR_CUDA}/fused/formats/small_blocks.cu ${QF_LINEAR_CUDA}/int8/activations.cu
  ${QF_LINEAR_CUDA}/int8/outliers.cu ${QF_LINEAR_CUDA}/int8/product.cu
  ${QF_LINEAR_CUDA}/reference/product.cu)
# What chooses and starts them: needs the toolkit's headers.
set(QF_LINEAR_CUDA_HOST
  ${QF_LINEAR_CUDA}/ablation/kernels.cpp ${QF_LINEAR_CUDA}/act_order/kernel.cpp
  ${QF_LINEAR_CUDA}/decode/find.cpp ${QF_LINEAR_CUDA}/fused/find.cpp
  ${QF_LINEAR_CUDA}/int8/kernels.cpp ${QF_LINEAR_CUDA}/register.cpp)
