// What the two halves of the pretended accelerator know of each other.
#pragma once

#include <ATen/core/Generator.h>
#include <c10/core/Allocator.h>
#include <c10/core/Device.h>

namespace pretend {

inline const c10::Device DEVICE(c10::DeviceType::PrivateUse1, 0);

// Memory of the device. It lies where the processor's does, but torch is told that it does not.
c10::Allocator* allocator();

// The generator that is drawn from where none is given.
const at::Generator& default_generator();

// The processor's generator that does the work of one of this device's.
at::Generator worker_of(const at::Generator& generator);

// Give a storage another size; what it held stays.
void resize(c10::StorageImpl* storage, size_t bytes);

}  // namespace pretend
