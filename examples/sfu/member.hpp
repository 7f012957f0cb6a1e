#pragma once

#include "common/page_call.hpp"
#include "layers.hpp"

#include <parley/rtp_forwarder.hpp>

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

class Room;

/// One browser: what it sends is forwarded to the others, and it has a seat for each of them.
///
///   the page offers its camera ──► answered: the room shows it to the others, and them to it ──► from then on we offer
class Member final : public PageCall, public std::enable_shared_from_this<Member> {
 public:
  Member(EventLoop& loop, std::shared_ptr<parley::Runtime> runtime, parley::Configuration configuration, Room& room,
         std::string id);

  const std::string& id() const { return id_; }
  const std::vector<Layer>& layers() const { return layers_; }

  /// Sends what `other` sends. It has to be hidden before it ends.
  void show(Member& other);
  void hide(const Member& other);

  /// Finds out how much each layer of its camera has.
  void measure();
  /// Chooses layers, and tells the page what it gets.
  void report();

 private:
  /// Somebody who is shown to the page. The sections in the descriptions are used again when others come.
  struct Seat {
    explicit Seat(const Member& who) : member(who) {}
    const Member& member;
    std::shared_ptr<parley::RtpTransceiver> audio, video;
    std::shared_ptr<parley::RtpForwarding> sound, picture;
    std::string clicked;   ///< The layer that the person wants; empty: the best that the path takes.
    std::string selected;  ///< What was asked for last.
    std::string shown;     ///< What is forwarded.
    double estimate = 0;   ///< What the path takes for this picture, in bits a second.
    double probed = 0;     ///< What the library was told that we could send.
    std::optional<double> lost, roundTrip;
  };

  void begin() override;
  void other(const nlohmann::json& message) override;
  void end() override;

  void track(const parley::TrackEvent& event);
  void measured(const std::vector<parley::RtpForwarder::Source>& sources);
  void choose(Seat& seat);
  void readStats(const Seat& seat);
  Seat* seatOf(const std::string& member);

  Room& room_;
  const std::string id_;
  bool ready_ = false;
  std::shared_ptr<parley::RtpForwarder> sound_, picture_;
  std::vector<parley::RtpForwarder::Source> sources_;
  std::chrono::steady_clock::time_point measuredAt_{};
  std::vector<Layer> layers_;
  std::list<Seat> seats_;  ///< Handlers know their own by address.
};
