// IntrusiveList: a doubly linked list through members of the listed objects themselves. Linking and
// unlinking cost nothing but a few stores, so that tables can keep their entries in order of use.
// The list owns nothing; an object unlinks itself when it dies, and must not move while it is
// linked.
#pragma once

namespace siploom {

template <class T>
class ListLink final {
 public:
  ListLink() = default;
  ~ListLink() { unlink(); }
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;

  bool linked() const { return next_ != nullptr; }
  void unlink() {
    if (next_ == nullptr) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
    owner_ = nullptr;
  }

 private:
  template <class U, ListLink<U> U::*>
  friend class IntrusiveList;
  ListLink* next_ = nullptr;
  ListLink* previous_ = nullptr;
  T* owner_ = nullptr;  // null: the list itself
};

template <class T, ListLink<T> T::*kLink>
class IntrusiveList final {
 public:
  IntrusiveList() { head_.next_ = head_.previous_ = &head_; }
  ~IntrusiveList() {
    while (front() != nullptr) head_.next_->unlink();
  }

  // Puts `item` last, wherever it was before.
  void push_back(T& item) {
    ListLink<T>& link = item.*kLink;
    link.unlink();
    link.owner_ = &item;
    link.next_ = &head_;
    link.previous_ = head_.previous_;
    head_.previous_->next_ = &link;
    head_.previous_ = &link;
  }
  // The one that was put in first, or null.
  T* front() const { return head_.next_->owner_; }
  bool empty() const { return front() == nullptr; }

 private:
  ListLink<T> head_;
};

}  // namespace siploom
