#ifndef VIGIL_TESTS_SIM_PEOPLE_H_
#define VIGIL_TESTS_SIM_PEOPLE_H_

#include <optional>
#include <string>
#include <vector>

#include "tests/sim/account.h"
#include "tests/sim/book.h"
#include "tests/sim/deeds.h"
#include "tests/sim/phone.h"
#include "tests/sim/server.h"

namespace vigil::sim {

// Somebody with a phone. Does things at random times, on what his phone shows; now and then he
// holds a form open for long.
class PhoneUser {
 public:
  PhoneUser(Phone& phone, Book& book) : phone_(phone), world_(phone.world()), book_(book) {}

  // From now on, until the world is calm.
  void Begin();
  // What the user exported; imported again when his phone has the same user.
  void ExportOutbox();

 private:
  struct Form {
    v1::Operation command;
    std::vector<replica::RecordView> shown;
    // The phone's when it was opened.
    std::string epoch;
  };

  void ActLater();
  void Act();
  std::optional<Form> OpenForm();
  void SendForm(const Form& form);
  void SaveDraft();
  void LookAtAttention();
  std::string EpochOfPhone();

  Phone& phone_;
  World& world_;
  Book& book_;
};

// Somebody in the office, at work on what the register shows.
class Clerk {
 public:
  Clerk(Server& server, const Account& account, Book& book)
      : server_(server), world_(server.world()), account_(account), book_(book) {}

  void Begin();
  // Sends the command as of now; it has seen what it names as it stands.
  void Send(v1::Operation command);

 private:
  void ActLater();
  void Act();
  Book::Knowledge SeenBy(const v1::Operation& command);
  void SendAsSeen(v1::Operation command, const Book::Knowledge& seen);

  Server& server_;
  World& world_;
  const Account& account_;
  Book& book_;
};

// One of the plan's deeds, by weight.
Deed DrawDeed(World& world);

// The records of the register, for whoever is inside Enter of the server.
class RegisterSight final : public Sight {
 public:
  explicit RegisterSight(Server& server) : server_(server) {}
  std::vector<v1::Record> Records(std::string_view kind) override;

 private:
  Server& server_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_PEOPLE_H_
