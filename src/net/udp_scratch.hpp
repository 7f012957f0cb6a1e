#pragma once

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace parley::net {

/// Arguments of `recvmmsg` and `sendmmsg`, and the buffers to receive into. One for all sockets of a loop: a thread does
/// one call at a time.
class UdpScratch {
 public:
  /// Datagrams per `recvmmsg`. With GRO each may be a run of up to 64.
  static constexpr std::size_t receiveMessages = 16;
  /// The kernel merges up to a full IP packet, 65 535 bytes.
  static constexpr std::size_t receiveBufferSize = 65'536;
  static constexpr std::size_t sendMessages = 64;
  /// Datagrams per `sendmmsg`, over all of its messages.
  static constexpr std::size_t sendPackets = 256;

  union Control {
    cmsghdr header;
    std::array<char, CMSG_SPACE(sizeof(int))> bytes;
  };

  struct Receive {
    std::array<mmsghdr, receiveMessages> messages;
    std::array<iovec, receiveMessages> vectors;
    std::array<sockaddr_storage, receiveMessages> from;
    std::array<Control, receiveMessages> control;
  };
  struct Send {
    std::array<mmsghdr, sendMessages> messages;
    std::array<iovec, sendPackets> vectors;
    std::array<sockaddr_storage, sendMessages> to;
    std::array<Control, sendMessages> control;
  };

  Receive receive;
  Send send;

  std::uint8_t* receiveBuffer(std::size_t i) { return buffers_.get() + i * receiveBufferSize; }

 private:
  // Not initialised, so that pages which never see a long run are never touched.
  std::unique_ptr<std::uint8_t[]> buffers_{new std::uint8_t[receiveMessages * receiveBufferSize]};
};

}  // namespace parley::net
