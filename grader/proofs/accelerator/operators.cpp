// What the device can do: everything, by having the processor do it in the device's own memory.

#include "device.h"
#include "loan.h"

#include <ATen/EmptyTensor.h>
#include <ATen/Functions.h>
#include <ATen/NativeFunctions.h>
#include <torch/library.h>

namespace pretend {
namespace {

using at::Tensor;
using c10::SymInt;
using c10::SymIntArrayRef;
template <typename T>
using Maybe = std::optional<T>;

constexpr c10::DispatchKeySet KEYS(c10::DispatchKey::PrivateUse1);

void by_the_processor(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& arguments = op.schema().arguments();
  const size_t first = stack->size() - arguments.size();
  Loan loan;
  for (size_t each = 0; each < arguments.size(); ++each) {
    (*stack)[first + each] = loan.lend((*stack)[first + each], arguments[each]);
  }
  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  loan.settle();
  for (size_t each = first; each < stack->size(); ++each) {
    (*stack)[each] = loan.give_back((*stack)[each]);
  }
}

Tensor empty(
    c10::IntArrayRef size, Maybe<at::ScalarType> dtype, Maybe<at::Layout>, Maybe<at::Device>, Maybe<bool>,
    Maybe<at::MemoryFormat> format) {
  return at::detail::empty_generic(size, allocator(), KEYS, c10::dtype_or_default(dtype), format);
}

Tensor empty_strided(
    c10::IntArrayRef size, c10::IntArrayRef stride, Maybe<at::ScalarType> dtype, Maybe<at::Layout>, Maybe<at::Device>,
    Maybe<bool>) {
  return at::detail::empty_strided_generic(size, stride, allocator(), KEYS, c10::dtype_or_default(dtype));
}

Tensor copy_from(const Tensor& self, const Tensor& target, bool) {
  Loan loan;
  loan.lend(target).copy_(loan.lend(self));
  return target;
}

Tensor copy_from_and_resize(const Tensor& self, const Tensor& target) {
  if (self.sizes() != target.sizes()) {
    target.resize_(self.sizes());
  }
  return copy_from(self, target, false);
}

Tensor view(const Tensor& self, SymIntArrayRef size) {
  return at::native::view(self, C10_AS_INTARRAYREF_SLOW(size));
}

Tensor as_strided(const Tensor& self, SymIntArrayRef size, SymIntArrayRef stride, Maybe<SymInt> offset) {
  const Maybe<int64_t> start = offset ? Maybe<int64_t>(offset->guard_int(__FILE__, __LINE__)) : std::nullopt;
  return at::native::as_strided_tensorimpl(self, C10_AS_INTARRAYREF_SLOW(size), C10_AS_INTARRAYREF_SLOW(stride), start);
}

const Tensor& resize_(const Tensor& self, SymIntArrayRef wanted, Maybe<at::MemoryFormat> format) {
  const auto size = C10_AS_INTARRAYREF_SLOW(wanted);
  auto* impl = self.unsafeGetTensorImpl();
  const size_t bytes = (c10::multiply_integers(size) + self.storage_offset()) * self.itemsize();
  if (bytes > self.storage().nbytes()) {
    resize(self.storage().unsafeGetStorageImpl(), bytes);
  }
  impl->set_sizes_contiguous(size);
  if (format) {
    impl->empty_tensor_restride(*format);
  }
  return self;
}

Tensor& set_at(Tensor& self, at::Storage source, SymInt offset, SymIntArrayRef size, SymIntArrayRef stride) {
  auto* impl = self.unsafeGetTensorImpl();
  TORCH_CHECK(source.device() == DEVICE, "Expected a storage on ", DEVICE, ", not on ", source.device());
  impl->set_storage_keep_dtype(std::move(source));
  impl->set_storage_offset(offset.guard_int(__FILE__, __LINE__));
  const auto sizes = C10_AS_INTARRAYREF_SLOW(size);
  if (stride.empty() && !size.empty()) {
    impl->set_sizes_contiguous(sizes);
  } else {
    impl->set_sizes_and_strides(sizes, C10_AS_INTARRAYREF_SLOW(stride));
  }
  return self;
}

Tensor& set_storage(Tensor& self, at::Storage source) {
  const int64_t elements = static_cast<int64_t>(source.nbytes() / self.itemsize());
  return set_at(self, std::move(source), 0, {SymInt(elements)}, {SymInt(1)});
}

Tensor& set_tensor(Tensor& self, const Tensor& source) {
  return set_at(self, source.storage(), source.storage_offset(), source.sym_sizes(), source.sym_strides());
}

Tensor& set_nothing(Tensor& self) {
  return set_storage(self, at::empty({0}, self.options()).storage());
}

// subtle: torch asks this before `tensor.data = other`, and its own list of devices lacks this one
bool is_fit_to_be_data(const Tensor&, const Tensor& other) {
  return other.layout() == at::kStrided;
}

Tensor convolution(
    const Tensor& input, const Tensor& weight, const Maybe<Tensor>& bias, SymIntArrayRef stride, SymIntArrayRef padding,
    SymIntArrayRef dilation, bool transposed, SymIntArrayRef output_padding, SymInt groups) {
  Loan loan;
  const Maybe<Tensor> lent = bias && bias->defined() ? Maybe<Tensor>(loan.lend(*bias)) : std::nullopt;
  return taken_over(at::convolution_symint(
      loan.lend(input), loan.lend(weight), lent, stride, padding, dilation, transposed, output_padding,
      std::move(groups)));
}

std::tuple<Tensor, Tensor, Tensor> convolution_backward(
    const Tensor& upstream, const Tensor& input, const Tensor& weight, SymIntArrayRef stride, SymIntArrayRef padding,
    SymIntArrayRef dilation, bool transposed, SymIntArrayRef output_padding, SymInt groups,
    std::array<bool, 3> wanted) {
  Loan loan;
  const std::vector<SymInt> bias{transposed ? weight.sym_size(1) * groups : weight.sym_size(0)};
  const auto sizes = wanted[2] ? at::OptionalSymIntArrayRef(bias) : at::OptionalSymIntArrayRef();
  const auto [to_input, to_weight, to_bias] = at::convolution_backward_symint(
      loan.lend(upstream), loan.lend(input), loan.lend(weight), sizes, stride, padding, dilation, transposed,
      output_padding, std::move(groups), wanted);
  return {taken_over(to_input), taken_over(to_weight), taken_over(to_bias)};
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&by_the_processor>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &empty_strided);
  library.impl("_copy_from", &copy_from);
  library.impl("_copy_from_and_resize", &copy_from_and_resize);
  library.impl("view", &view);
  library.impl("as_strided", &as_strided);
  library.impl("resize_", &resize_);
  library.impl("set_", &set_nothing);
  library.impl("set_.source_Storage", &set_storage);
  library.impl("set_.source_Storage_storage_offset", &set_at);
  library.impl("set_.source_Tensor", &set_tensor);
  library.impl("_has_compatible_shallow_copy_type", &is_fit_to_be_data);
  library.impl("convolution_overrideable", &convolution);
  library.impl("convolution_backward_overrideable", &convolution_backward);
}

}  // namespace
}  // namespace pretend
