// The tensors of one operation, lent to the processor and given back.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>

#include <vector>

namespace pretend {

// A tensor of this device that holds what one of the processor's does, in the same memory.
at::Tensor taken_over(const at::Tensor& cpu);

class Loan {
 public:
  // A tensor of the processor's in the same memory; the same one for the same tensor.
  at::Tensor lend(const at::Tensor& own);

  // What an operation is given on the processor for what it was given here; refuses what lies elsewhere.
  c10::IValue lend(const c10::IValue& given, const c10::Argument& argument);

  // After the operation: what it did to the shapes of its arguments is done to ours.
  void settle();

  // What the operation returns here for what it returned on the processor.
  c10::IValue give_back(const c10::IValue& returned);

 private:
  struct Lent {
    at::Tensor own, cpu;
    bool is_out;
  };
  struct Memory {
    c10::Storage own, cpu;
  };

  void refuse_foreign(const at::Tensor& given, const c10::Argument& argument);
  at::Tensor lend_as(const at::Tensor& given, const c10::Argument& argument);
  at::Tensor give_back(const at::Tensor& returned);
  c10::Storage lend(const c10::Storage& own);

  std::vector<Lent> lent_;
  std::vector<Memory> memories_;
};

}  // namespace pretend
