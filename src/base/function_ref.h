// FunctionRef: a callable by reference, two words, no allocation. Valid while the callable lives
// (that is: as a parameter).
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace siploom {

template <class Signature>
class FunctionRef;

template <class R, class... Args>
class FunctionRef<R(Args...)> final {
 public:
  template <class Fn>
  requires(!std::is_same_v<std::remove_cvref_t<Fn>, FunctionRef>)
      FunctionRef(Fn&& fn)  // NOLINT: converting is what it is for
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(fn)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<Fn>*>(object))(std::forward<Args>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace siploom
