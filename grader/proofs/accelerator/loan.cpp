// No byte is copied on the way: what an operation writes into its arguments, it writes into ours, said by its schema or not.

#include "loan.h"

#include "device.h"

#include <ATen/ops/empty_like.h>
#include <c10/core/StorageImpl.h>
#include <c10/core/TensorImpl.h>

namespace pretend {
namespace {

void let_go(void* storage) { delete static_cast<c10::Storage*>(storage); }

// The same memory, said to lie on another device.
c10::Storage same_memory(const c10::Storage& storage, c10::Device device, c10::Allocator* allocator) {
  c10::DataPtr data(storage.mutable_data(), new c10::Storage(storage), &let_go, device);
  return c10::Storage(
      c10::Storage::use_byte_size_t(), storage.nbytes(), std::move(data), allocator, allocator != nullptr);
}

at::Tensor like(const at::Tensor& model, c10::Storage storage, c10::DispatchKey key) {
  auto made = at::detail::make_tensor<c10::TensorImpl>(std::move(storage), c10::DispatchKeySet(key), model.dtype());
  made.unsafeGetTensorImpl()->set_sizes_and_strides(model.sizes(), model.strides(), model.storage_offset());
  return made;
}

bool is_own(const at::Tensor& tensor) { return tensor.defined() && tensor.is_privateuseone(); }

bool is_written(const c10::Argument& argument) { return argument.alias_info() && argument.alias_info()->isWrite(); }

c10::IValue worker(const c10::IValue& given, const c10::Argument& argument) {
  if (given.isNone()) {
    return worker_of(default_generator());
  }
  TORCH_CHECK(
      given.toGenerator().device() == DEVICE, "Expected a '", DEVICE.type(), "' device type for generator but found '",
      given.toGenerator().device().type(), "'");
  return worker_of(given.toGenerator());
}

}  // namespace

at::Tensor taken_over(const at::Tensor& cpu) {
  if (!cpu.defined() || !cpu.is_cpu()) {
    return cpu;
  }
  return like(cpu, same_memory(cpu.storage(), DEVICE, allocator()), c10::DispatchKey::PrivateUse1);
}

c10::Storage Loan::lend(const c10::Storage& own) {
  for (const auto& each : memories_) {
    if (each.own.unsafeGetStorageImpl() == own.unsafeGetStorageImpl()) {
      return each.cpu;
    }
  }
  memories_.push_back({own, same_memory(own, c10::kCPU, nullptr)});
  return memories_.back().cpu;
}

at::Tensor Loan::lend(const at::Tensor& own) {
  if (!is_own(own)) {
    return own;
  }
  for (const auto& each : lent_) {
    if (each.own.is_same(own) && !each.is_out) {
      return each.cpu;
    }
  }
  lent_.push_back({own, like(own, lend(own.storage()), c10::DispatchKey::CPU), false});
  return lent_.back().cpu;
}

// As on a GPU: a number may come from the processor, and nothing may be written there.
void Loan::refuse_foreign(const at::Tensor& given, const c10::Argument& argument) {
  if (given.defined() && !is_own(given)) {
    TORCH_CHECK(
        given.dim() == 0 && !is_written(argument),
        "Expected all tensors to be on the same device, but found at least two devices, ", DEVICE, " and ",
        given.device(), "! (in argument ", argument.name(), ")");
  }
}

at::Tensor Loan::lend_as(const at::Tensor& given, const c10::Argument& argument) {
  refuse_foreign(given, argument);
  if (!is_own(given) || !argument.is_out()) {
    return lend(given);
  }
  // subtle: only memory of the processor's own can be given another size
  lent_.push_back({given, at::empty_like(like(given, lend(given.storage()), c10::DispatchKey::CPU)), true});
  return lent_.back().cpu;
}

c10::IValue Loan::lend(const c10::IValue& given, const c10::Argument& argument) {
  if (given.isTensor()) {
    return lend_as(given.toTensor(), argument);
  }
  if (given.isTensorList()) {
    c10::List<at::Tensor> all;
    for (const auto& each : given.toTensorVector()) {
      all.push_back(lend_as(each, argument));
    }
    return all;
  }
  if (given.isOptionalTensorList()) {  // indices, which may come from the processor
    c10::List<std::optional<at::Tensor>> all;
    for (const auto& each : given.toOptionalTensorVector()) {
      all.push_back(each ? std::optional<at::Tensor>(lend(*each)) : std::nullopt);
    }
    return all;
  }
  if (given.isDevice()) {
    return given.toDevice() == DEVICE ? c10::IValue(c10::Device(c10::kCPU)) : given;
  }
  if (given.isGenerator() || (given.isNone() && argument.name() == "generator")) {
    return worker(given, argument);
  }
  return given;
}

void Loan::settle() {
  for (auto& [own, cpu, is_out] : lent_) {
    auto* impl = own.unsafeGetTensorImpl();
    if (is_out) {
      own.resize_(cpu.sizes());
      own.copy_(cpu);
    } else if (own.sizes() != cpu.sizes() || own.strides() != cpu.strides()) {
      impl->set_sizes_and_strides(cpu.sizes(), cpu.strides(), cpu.storage_offset());
    }
  }
}

at::Tensor Loan::give_back(const at::Tensor& returned) {
  for (const auto& each : lent_) {
    if (each.cpu.is_same(returned)) {
      return each.own;
    }
  }
  if (returned.defined() && returned.has_storage()) {
    for (const auto& each : memories_) {
      if (each.cpu.unsafeGetStorageImpl() == returned.storage().unsafeGetStorageImpl()) {
        return like(returned, each.own, c10::DispatchKey::PrivateUse1);
      }
    }
  }
  return taken_over(returned);
}

c10::IValue Loan::give_back(const c10::IValue& returned) {
  if (returned.isTensor()) {
    return give_back(returned.toTensor());
  }
  if (returned.isTensorList()) {
    c10::List<at::Tensor> all;
    for (const auto& each : returned.toTensorVector()) {
      all.push_back(give_back(each));
    }
    return all;
  }
  return returned;
}

}  // namespace pretend
