// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The CPU backend of ggml (https://github.com/ggml-org/ggml), called as llama.cpp calls it: weights
// in the extra buffer types of the device where they support the product, one persistent
// threadpool, one graph of one node a call.
#include <cctype>
#include <cstring>
#include <map>
#include <utility>

#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>
#include <sys/mman.h>

#include "benchmarks/engine/peer.hpp"

namespace quantfleet::bench {
namespace {

using engine::LinearShape;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Context = std::unique_ptr<ggml_context, Deleter<ggml_free>>;
using Buffer = std::unique_ptr<ggml_backend_buffer, Deleter<ggml_backend_buffer_free>>;
using Backend = std::unique_ptr<ggml_backend, Deleter<ggml_backend_free>>;
using Threadpool = std::unique_ptr<ggml_threadpool, Deleter<ggml_threadpool_free>>;

constexpr uint64_t kAlignment = 256;
constexpr size_t kGraphNodes = 8;

// GGML_TYPE_COUNT if there is none. Our names are ggml's in lower case, but for two.
ggml_type TypeOf(std::string_view format) {
  if (format == "fp32") return GGML_TYPE_F32;
  if (format == "fp16") return GGML_TYPE_F16;
  for (int i = 0; i < GGML_TYPE_COUNT; ++i) {
    const auto type = static_cast<ggml_type>(i);
    if (ggml_blck_size(type) == 0) continue;  // Removed types keep their number.
    std::string name = ggml_type_name(type);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (name == format) return type;
  }
  return GGML_TYPE_COUNT;
}

// A backend with its threads, which stay.
struct Workers {
  Threadpool pool;
  Backend backend;
};
using WorkersByCount = std::map<uint32_t, Workers>;

Result<Workers*> FindWorkers(WorkersByCount& all, uint32_t threads) {
  const auto found = all.find(threads);
  if (found != all.end()) return &found->second;
  ggml_threadpool_params parameters = ggml_threadpool_params_default(static_cast<int>(threads));
  parameters.paused = true;
  Workers workers;
  workers.pool.reset(ggml_threadpool_new(&parameters));
  workers.backend.reset(ggml_backend_cpu_init());
  if (!workers.pool || !workers.backend) return Internal("ggml could not start its threads");
  ggml_backend_cpu_set_n_threads(workers.backend.get(), static_cast<int>(threads));
  ggml_backend_cpu_set_threadpool(workers.backend.get(), workers.pool.get());
  return &all.emplace(threads, std::move(workers)).first->second;
}

// Room for `bytes` in huge pages, as our own buffers have.
Result<Buffer> AllocateBuffer(ggml_backend_buffer_type_t type, uint64_t bytes) {
  Buffer buffer(ggml_backend_buft_alloc_buffer(type, bytes));
  if (!buffer) return ResourceExhausted("ggml found no memory for weights");
  constexpr uintptr_t kPage = 4096;
  const auto base = reinterpret_cast<uintptr_t>(ggml_backend_buffer_get_base(buffer.get()));
  const uintptr_t from = (base + kPage - 1) / kPage * kPage;
  const uintptr_t to = (base + bytes) / kPage * kPage;
  // A hint: refusal changes nothing.
  if (to > from) (void)madvise(reinterpret_cast<void*>(from), to - from, MADV_HUGEPAGE);
  return buffer;
}

class GgmlArm final : public Arm {
 public:
  GgmlArm(WorkersByCount& workers, std::string layout, const LinearShape& shape)
      : workers_(workers), layout_(std::move(layout)), shape_(shape) {}

  Status Load(ggml_backend_buffer_type_t buffer_type, ggml_type type,
              std::span<const std::byte> packed, std::span<const float> x, uint32_t copies);

  std::string_view layout() const override { return layout_; }
  std::string_view kernel() const override { return "mul_mat"; }
  uint32_t copies() const override { return static_cast<uint32_t>(graphs_.size()); }

  Status UseThreads(uint32_t threads) override {
    QF_ASSIGN_OR_RETURN(current_, FindWorkers(workers_, threads));
    return OkStatus();
  }
  void Poison() override {
    std::memset(y_, 0xFF, uint64_t{shape_.batch} * shape_.n * sizeof(float));
  }
  Status Run(uint32_t copy) override {
    const ggml_status status = ggml_backend_graph_compute(current_->backend.get(), graphs_[copy]);
    return status == GGML_STATUS_SUCCESS ? OkStatus() : Internal("ggml could not compute a graph");
  }
  void Rest() override { ggml_threadpool_pause(current_->pool.get()); }
  std::vector<float> Output() const override {
    std::vector<float> y(uint64_t{shape_.batch} * shape_.n);
    std::memcpy(y.data(), y_, y.size() * sizeof(float));
    return y;
  }

 private:
  WorkersByCount& workers_;
  std::string layout_;
  LinearShape shape_;
  Context context_;
  Buffer weights_;
  Buffer activations_;
  std::vector<ggml_cgraph*> graphs_;
  void* y_ = nullptr;
  Workers* current_ = nullptr;
};

Status GgmlArm::Load(ggml_backend_buffer_type_t buffer_type, ggml_type type,
                     std::span<const std::byte> packed, std::span<const float> x, uint32_t copies) {
  const size_t each = 2 * ggml_tensor_overhead() + ggml_graph_overhead_custom(kGraphNodes, false);
  context_.reset(ggml_init({(copies + 1) * each + kAlignment, nullptr, true}));
  if (!context_) return Internal("ggml could not make a context");
  ggml_context* const context = context_.get();
  const uint64_t x_bytes = (x.size_bytes() + kAlignment - 1) / kAlignment * kAlignment;
  QF_ASSIGN_OR_RETURN(activations_,
                      AllocateBuffer(ggml_backend_cpu_buffer_type(),
                                     x_bytes + uint64_t{shape_.batch} * shape_.n * sizeof(float)));
  auto* const base = static_cast<std::byte*>(ggml_backend_buffer_get_base(activations_.get()));
  ggml_tensor* const x_tensor = ggml_new_tensor_2d(context, GGML_TYPE_F32, shape_.k, shape_.batch);
  ggml_backend_tensor_alloc(activations_.get(), x_tensor, base);
  ggml_backend_tensor_set(x_tensor, x.data(), 0, x.size_bytes());
  y_ = base + x_bytes;

  ggml_tensor* first = nullptr;
  for (uint32_t copy = 0; copy < copies; ++copy) {
    ggml_tensor* const w = ggml_new_tensor_2d(context, type, shape_.k, shape_.n);
    const uint64_t size = ggml_backend_buft_get_alloc_size(buffer_type, w);
    const uint64_t stride = (size + kAlignment - 1) / kAlignment * kAlignment;
    if (first == nullptr) {
      QF_ASSIGN_OR_RETURN(weights_, AllocateBuffer(buffer_type, stride * copies));
    }
    auto* const at = static_cast<std::byte*>(ggml_backend_buffer_get_base(weights_.get()));
    ggml_backend_tensor_alloc(weights_.get(), w, at + copy * stride);
    if (first == nullptr) {
      first = w;
      ggml_backend_tensor_set(w, packed.data(), 0, packed.size());
    } else {
      std::memcpy(w->data, first->data, size);  // Repacking each copy would only take longer.
    }
    ggml_tensor* const y = ggml_mul_mat(context, w, x_tensor);
    ggml_backend_tensor_alloc(activations_.get(), y, base + x_bytes);
    ggml_cgraph* const graph = ggml_new_graph_custom(context, kGraphNodes, false);
    ggml_build_forward_expand(graph, y);
    graphs_.push_back(graph);
  }
  return OkStatus();
}

// Whether the device multiplies weights that lie in a buffer of this type.
bool Supports(ggml_backend_dev_t device, ggml_backend_buffer_type_t buffer_type, ggml_type type,
              const LinearShape& shape) {
  const Context context(ggml_init({4 * ggml_tensor_overhead(), nullptr, true}));
  const Buffer empty(ggml_backend_buft_alloc_buffer(buffer_type, 0));
  if (!context || !empty) return false;
  ggml_tensor* const w = ggml_new_tensor_2d(context.get(), type, shape.k, shape.n);
  ggml_tensor* const x = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, shape.k, shape.batch);
  ggml_tensor* const y = ggml_mul_mat(context.get(), w, x);
  w->buffer = empty.get();
  return ggml_backend_dev_supports_op(device, y);
}

class GgmlPeer final : public Peer {
 public:
  std::string name() const override {
    return std::string("ggml ") + ggml_version() + " (" + ggml_commit() + ")";
  }
  std::string build() const override;
  bool Knows(std::string_view format) const override { return TypeOf(format) != GGML_TYPE_COUNT; }
  Result<std::vector<std::byte>> Encode(std::string_view format, std::span<const float> weights,
                                        uint64_t rows, uint64_t columns) const override;
  Result<std::vector<float>> Decode(std::string_view format, std::span<const std::byte> packed,
                                    uint64_t rows, uint64_t columns) const override;
  Result<std::vector<std::unique_ptr<Arm>>> MakeArms(std::string_view format,
                                                     const LinearShape& shape,
                                                     std::span<const std::byte> packed,
                                                     std::span<const float> x,
                                                     uint32_t copies) override;

 private:
  WorkersByCount workers_;
};

std::string GgmlPeer::build() const {
  const auto features = reinterpret_cast<ggml_backend_get_features_t>(
      ggml_backend_reg_get_proc_address(ggml_backend_cpu_reg(), "ggml_backend_get_features"));
  std::string text;
  if (features == nullptr) return text;
  for (const auto* f = features(ggml_backend_cpu_reg()); f->name != nullptr; ++f) {
    if (std::strcmp(f->value, "0") != 0) text += (text.empty() ? "" : " ") + std::string(f->name);
  }
  return text;
}

Status CheckColumns(ggml_type type, uint64_t columns) {
  const auto block = static_cast<uint64_t>(ggml_blck_size(type));
  if (columns % block == 0) return OkStatus();
  return InvalidArgument(std::to_string(columns) + " columns are not a multiple of " +
                         std::to_string(block));
}

Result<std::vector<std::byte>> GgmlPeer::Encode(std::string_view format,
                                                std::span<const float> weights, uint64_t rows,
                                                uint64_t columns) const {
  const ggml_type type = TypeOf(format);
  QF_RETURN_IF_ERROR(CheckColumns(type, columns));
  const auto width = static_cast<int64_t>(columns);
  std::vector<std::byte> packed(rows * ggml_row_size(type, width));
  const std::vector<float> importance(columns, 1.0F);
  ggml_quantize_chunk(type, weights.data(), packed.data(), 0, static_cast<int64_t>(rows), width,
                      ggml_quantize_requires_imatrix(type) ? importance.data() : nullptr);
  return packed;
}

Result<std::vector<float>> GgmlPeer::Decode(std::string_view format,
                                            std::span<const std::byte> packed, uint64_t rows,
                                            uint64_t columns) const {
  const ggml_type type = TypeOf(format);
  QF_RETURN_IF_ERROR(CheckColumns(type, columns));
  std::vector<float> weights(rows * columns);
  if (packed.size() != rows * ggml_row_size(type, static_cast<int64_t>(columns))) {
    return InvalidArgument("ggml packs this shape into another number of bytes");
  }
  if (type == GGML_TYPE_F32) {
    std::memcpy(weights.data(), packed.data(), packed.size());
  } else {
    ggml_get_type_traits(type)->to_float(packed.data(), weights.data(),
                                         static_cast<int64_t>(weights.size()));
  }
  return weights;
}

Result<std::vector<std::unique_ptr<Arm>>> GgmlPeer::MakeArms(std::string_view format,
                                                             const LinearShape& shape,
                                                             std::span<const std::byte> packed,
                                                             std::span<const float> x,
                                                             uint32_t copies) {
  const ggml_type type = TypeOf(format);
  std::vector<std::pair<std::string, ggml_backend_buffer_type_t>> layouts = {
      {"plain", ggml_backend_cpu_buffer_type()}};
  ggml_backend_dev_t const device = ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0);
  const auto extra =
      reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(ggml_backend_reg_get_proc_address(
          ggml_backend_cpu_reg(), "ggml_backend_dev_get_extra_bufts"));
  ggml_backend_buffer_type_t* types = extra == nullptr ? nullptr : extra(device);
  for (; types != nullptr && *types != nullptr; ++types) {
    if (Supports(device, *types, type, shape)) {
      layouts.emplace_back(ggml_backend_buft_name(*types), *types);
    }
  }
  std::vector<std::unique_ptr<Arm>> arms;
  for (const auto& [layout, buffer_type] : layouts) {
    auto arm = std::make_unique<GgmlArm>(workers_, layout, shape);
    QF_RETURN_IF_ERROR(arm->Load(buffer_type, type, packed, x, copies));
    arms.push_back(std::move(arm));
  }
  return arms;
}

}  // namespace

Result<std::unique_ptr<Peer>> MakePeer() {
  ggml_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  ggml_cpu_init();
  return std::unique_ptr<Peer>(std::make_unique<GgmlPeer>());
}

}  // namespace quantfleet::bench
