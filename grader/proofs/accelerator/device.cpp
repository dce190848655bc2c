// A device of torch that does nothing which the processor cannot do: memory, generators, and what torch asks about it.

#include "device.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/StorageImpl.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/alloc_cpu.h>
#include <torch/library.h>

#include <algorithm>
#include <cstring>

namespace pretend {
namespace {

struct Memory final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    void* data = c10::alloc_cpu(bytes);
    return {data, data, &c10::free_cpu, DEVICE};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &c10::free_cpu; }
  void copy_data(void* target, const void* source, size_t bytes) const override {
    std::memcpy(target, source, bytes);
  }
};

Memory memory;
REGISTER_ALLOCATOR(c10::DeviceType::PrivateUse1, &memory);

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return c10::DeviceType::PrivateUse1; }
  c10::Device exchangeDevice(c10::Device) const override { return DEVICE; }
  c10::Device getDevice() const override { return DEVICE; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const override { return c10::Stream(c10::Stream::DEFAULT, DEVICE); }
  c10::Stream exchangeStream(c10::Stream stream) const override { return stream; }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void destroyEvent(void*, const c10::DeviceIndex) const noexcept override {}
  void synchronizeDevice(const c10::DeviceIndex) const override {}
};

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

// subtle: a generator of the processor's would be taken for one here, and a GPU refuses those
struct OwnGenerator final : c10::GeneratorImpl {
  OwnGenerator() : OwnGenerator(at::detail::createCPUGenerator()) {}
  explicit OwnGenerator(at::Generator worker)
      : GeneratorImpl(DEVICE, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1)), worker(std::move(worker)) {}

  void set_current_seed(uint64_t seed) override { worker.set_current_seed(seed); }
  void set_offset(uint64_t offset) override { worker.set_offset(offset); }
  uint64_t get_offset() const override { return worker.get_offset(); }
  uint64_t current_seed() const override { return worker.current_seed(); }
  uint64_t seed() override { return worker.seed(); }
  void set_state(const c10::TensorImpl& state) override { worker.unsafeGetGeneratorImpl()->set_state(state); }
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override {
    return worker.unsafeGetGeneratorImpl()->get_state();
  }
  OwnGenerator* clone_impl() const override { return new OwnGenerator(worker.clone()); }

  at::Generator worker;
};

struct Hooks final : at::PrivateUse1HooksInterface {
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  bool isAvailable() const override { return true; }
  bool isBuilt() const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override { return default_generator(); }
  at::Generator getNewGenerator(c10::DeviceIndex) const override { return at::make_generator<OwnGenerator>(); }
  at::Device getDeviceFromPtr(void*) const override { return DEVICE; }
  void resizePrivateUse1Bytes(const c10::Storage& storage, size_t bytes) const override {
    resize(storage.unsafeGetStorageImpl(), bytes);
  }
};

at::Generator default_generator_of_its_own() { return default_generator(); }

const bool registered = [] {
  at::RegisterPrivateUse1HooksInterface(new Hooks());
  return true;
}();

}  // namespace

// Python's way to the generator that torch keeps to itself.
TORCH_LIBRARY(pretend, library) {
  library.def("default_generator() -> Generator?", &default_generator_of_its_own);
}

c10::Allocator* allocator() { return &memory; }

const at::Generator& default_generator() {
  static const at::Generator generator = at::make_generator<OwnGenerator>();
  return generator;
}

at::Generator worker_of(const at::Generator& generator) {
  return static_cast<OwnGenerator*>(generator.unsafeGetGeneratorImpl())->worker;
}

void resize(c10::StorageImpl* storage, size_t bytes) {
  c10::DataPtr larger = memory.allocate(bytes);
  if (const size_t kept = std::min(bytes, storage->nbytes())) {
    std::memcpy(larger.get(), storage->data(), kept);
  }
  storage->set_data_ptr_noswap(std::move(larger));
  storage->set_nbytes(bytes);
}

}  // namespace pretend
