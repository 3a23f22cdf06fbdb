#ifndef VIGIL_TESTS_SIM_BOOK_H_
#define VIGIL_TESTS_SIM_BOOK_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "vigil/v1/operation.pb.h"

namespace vigil::sim {

// What the simulation itself knows of every operation that anybody made: the yardstick of the
// checkers, which never ask the engine what was done.
class Book {
 public:
  // What somebody had on his screen of a record: its version, and the register's epoch in which his
  // program then was.
  struct Known {
    std::uint64_t version = 0;
    std::string epoch = {};
  };
  using Knowledge = std::map<std::string, Known>;

  struct Entry {
    v1::Operation operation;
    // By a phone, or by the office.
    bool phone = false;
    // Its maker was told that it is kept. False: it failed, and may be there or not.
    bool kept = false;
    // In the order of making.
    std::uint64_t number = 0;
    // What its author held of each record when he began, as the simulation saw it. A record that is
    // absent he did not have.
    Knowledge knew;
    // It was quarantined, and its author gave it up.
    bool discarded = false;
  };

  void Add(Entry entry) {
    entry.number = ++made_;
    const std::string id = entry.operation.id();
    entries_.insert_or_assign(id, std::move(entry));
  }
  void Discard(const std::string& operation) { entries_.at(operation).discarded = true; }
  const Entry* Find(const std::string& operation) const {
    const auto found = entries_.find(operation);
    return found == entries_.end() ? nullptr : &found->second;
  }
  const std::map<std::string, Entry>& entries() const { return entries_; }

  // A phone failed while it made this; it may be there or not. The operation holds the device and
  // the command alone.
  void AddAttempt(Entry entry) { attempts_.push_back(std::move(entry)); }
  // An attempt of this content, for an operation that is nobody's otherwise; null: none.
  const Entry* FindAttempt(const v1::Operation& operation) const;
  bool MayHaveMade(const v1::Operation& operation) const {
    return FindAttempt(operation) != nullptr;
  }

 private:
  std::uint64_t made_ = 0;
  std::map<std::string, Entry> entries_;
  std::vector<Entry> attempts_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_BOOK_H_
