#include "room.hpp"

#include "member.hpp"

#include <chrono>
#include <iostream>
#include <utility>

using namespace parley;

Room::Room(EventLoop& loop, std::shared_ptr<Runtime> runtime, Configuration configuration)
    : loop_(loop), runtime_(std::move(runtime)), configuration_(std::move(configuration)), timer_(loop.io()) {
  tick();
}

std::shared_ptr<Member> Room::enter() {
  std::erase_if(entered_, [](const auto& one) { return one.expired(); });
  if (entered_.size() >= most) return nullptr;
  auto member = std::make_shared<Member>(loop_, runtime_, configuration_, *this, "member-" + std::to_string(++number_));
  entered_.push_back(member);
  return member;
}

void Room::ready(Member& member) {
  for (Member* other : members_) {
    other->show(member);
    member.show(*other);
  }
  members_.push_back(&member);
  std::cout << member.id() << " has come; " << members_.size() << " in the room." << std::endl;
}

void Room::left(Member& member) {
  if (std::erase(members_, &member) == 0) return;
  for (Member* other : members_) other->hide(member);
  std::cout << member.id() << " has gone; " << members_.size() << " in the room." << std::endl;
}

/// Once a second layers are measured and chosen, and the pages hear of it.
void Room::tick() {
  for (Member* member : members_) member->measure();
  for (Member* member : members_) member->report();
  timer_.expires_after(std::chrono::seconds(1));
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) tick();
  });
}
