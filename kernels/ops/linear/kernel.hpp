// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "kernels/engine/device.hpp"
#include "kernels/engine/messages.hpp"

namespace quantfleet::linear {

// Type of x and y in device memory. The operation rounds x to it (nearest even) before upload and
// widens y after download.
enum class ActivationType { kFp32, kBf16, kFp16 };

// One call of y = x W^T. Pointers are the device's, aligned to 256 bytes.
struct LinearCall {
  engine::LinearShape shape;
  // Packed weights as formats::Format lays them out, or as Repack returned them.
  const std::byte* weights = nullptr;
  // [batch, k] and [batch, n], row-major, of the kernel's activation type.
  const void* x = nullptr;
  void* y = nullptr;
  // ScratchBytes(shape) bytes, kept between calls; nullptr if 0.
  std::byte* scratch = nullptr;
};

// What one call costs by definition.
struct Work {
  // Bytes read and written at least once.
  uint64_t moved_bytes = 0;
  // Multiplications and additions.
  uint64_t operations = 0;
};

// True for the kernels that are no product but a part of one ("ablation_read"): they explain where
// the time of a product goes and are no choice for one.
inline bool IsAblation(std::string_view kernel) {
  return kernel.starts_with("ablation_");
}

// A way to multiply with weights of one format on one device. Made once, used by one thread.
class LinearKernel {
 public:
  virtual ~LinearKernel() = default;

  // Format and kernel as ArmSpec names them; kernel is "dense" (weights used as they are),
  // "dequantize_then_gemm", "fused" or "reference", or one for which IsAblation is true.
  virtual std::string_view format() const = 0;
  virtual std::string_view kernel() const = 0;
  // For the record, what runs underneath ("openblas_sgemm", "avx3_gemv"); Measurement.kernel_used
  // is "<kernel>" or "<kernel>/<variant>".
  virtual std::string_view variant(const engine::LinearShape& shape) const = 0;

  // ok, or kUnimplemented with the reason: for the device at all, and for one shape.
  virtual Status SupportedOnDevice() const = 0;
  virtual Status SupportsShape(const engine::LinearShape& shape) const = 0;

  virtual ActivationType activation_type() const = 0;
  virtual uint64_t ScratchBytes(const engine::LinearShape& shape) const = 0;
  // Largest kernel_relative this kernel may have at this shape (see OutputError).
  virtual double Tolerance(const engine::LinearShape& shape) const = 0;

  // False if Run leaves y as it is, because the kernel is only a part of a product.
  virtual bool has_output() const { return true; }
  // By default that of the product: weights, x and y once, 2 n k batch operations.
  virtual Work WorkOf(const engine::LinearShape& shape, uint64_t weight_bytes) const;

  // Kernels that multiply with rounded activations ("int8_block32") name the rounding and give the
  // values that x becomes: kernel_relative is taken against the product with those, so that a
  // wrong bit is not lost in the rounding. Empty: x is used as it is.
  virtual std::string_view activation_rounding() const { return {}; }
  virtual void RoundActivations(const float* x, uint64_t rows, uint64_t k, float* rounded) const {
    (void)x, (void)rows, (void)k, (void)rounded;
  }

  // Relative error of the output that this rounding adds to that of the format, about, for normal
  // x; 0 without one.
  virtual double ActivationError(const engine::LinearShape& shape) const {
    (void)shape;
    return 0;
  }

  // Name of the layout that Run expects: "packed" is the format's own. Copies of the weights are
  // shared between kernels of equal format and layout.
  virtual std::string_view layout() const { return "packed"; }
  // Host-side conversion from the packed layout, for a layout other than "packed".
  virtual Result<std::vector<std::byte>> Repack(const engine::LinearShape& shape,
                                                std::vector<std::byte> packed) const {
    (void)shape;
    return packed;
  }

  // Starts the call on the device; may return before it has ended.
  virtual Status Run(const LinearCall& call) = 0;
};

// One line of the dispatch of "auto": for `format`, batches up to `max_batch` run `kernel`.
struct DispatchRow {
  std::string_view format;
  uint32_t max_batch = 0;
  std::string_view kernel;
};

// The kernels registered for one device, and its dispatch table. A room fills it in its own folder
// by one explicit function (RegisterCpuKernels, RegisterCudaKernels).
class KernelTable {
 public:
  // A second kernel for the same format and name is a bug.
  void Register(std::unique_ptr<LinearKernel> kernel);
  // Rows of one format in ascending max_batch; the last has UINT32_MAX.
  void SetDispatch(std::vector<DispatchRow> rows);

  // nullptr if none is registered.
  LinearKernel* Find(std::string_view format, std::string_view kernel) const;
  // Name that "auto" stands for: by the dispatch, else "dense" or "fused"; empty if neither exists.
  std::string_view ResolveAuto(std::string_view format, uint32_t batch) const;
  const std::vector<std::unique_ptr<LinearKernel>>& kernels() const { return kernels_; }

 private:
  std::vector<std::unique_ptr<LinearKernel>> kernels_;
  std::vector<DispatchRow> dispatch_;
};

}  // namespace quantfleet::linear
