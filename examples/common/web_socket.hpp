#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

/// How long a signalling server may take to answer: it is on this machine, or a person waits for it.
inline constexpr auto serverPatience = std::chrono::seconds(3);
/// A description with hundreds of candidates is well below.
inline constexpr std::size_t maxSignalBytes = 262'144;

/// One end of a WebSocket that carries text messages. Lives on its io_context's thread, and as long as it is connected
/// or somebody holds it; its handlers live until the last of them (`unreachable`, `refused` or `gone`) is called.
class WebSocket {
 public:
  struct Handlers {
    std::function<void()> opened;
    std::function<void(const std::string&)> message;
    std::function<void(boost::system::error_code)> unreachable;  ///< Nobody answers at that address.
    std::function<void(boost::system::error_code)> refused;  ///< Who answers there does not speak WebSocket with us.
    std::function<void(boost::system::error_code)> gone;     ///< It was open, and is not any more.
  };

  /// Connects to ws://HOST:PORT TARGET.
  static std::shared_ptr<WebSocket> connect(boost::asio::io_context& io, const std::string& host, std::uint16_t port,
                                            const std::string& target, Handlers handlers);
  /// Takes over the connection on which this request to upgrade came.
  static std::shared_ptr<WebSocket> accept(boost::asio::ip::tcp::socket&& socket,
                                           const boost::beast::http::request<boost::beast::http::string_body>& request,
                                           Handlers handlers);

  /// May come before it is open. What waits for a peer that does not read is bounded: beyond that the connection
  /// breaks.
  virtual void send(std::string message) = 0;
  /// Closes once what was sent has gone out.
  virtual void close() = 0;
  /// Nothing is called any more.
  virtual void end() = 0;

 protected:
  ~WebSocket() = default;
};
