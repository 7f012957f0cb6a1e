#include "net/tcp_listener.hpp"

#include "net/address.hpp"
#include "net/bind_range.hpp"
#include "net/reuse.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <utility>

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;

TcpListener::TcpListener(tcp::acceptor acceptor, SocketId id, ListenerSink& sink)
    : acceptor_(std::move(acceptor)), pause_(acceptor_.get_executor()), id_(id), sink_(sink) {
  boost::system::error_code error;
  local_ = fromAsio(acceptor_.local_endpoint(error));
}

base::Result<std::shared_ptr<TcpListener>, std::string> TcpListener::listen(asio::io_context& io,
                                                                            const ListenTcp& request,
                                                                            std::uint32_t scope, ListenerSink& sink) {
  boost::system::error_code error;
  tcp::acceptor acceptor(io);
  acceptor.open(request.local.isV4() ? tcp::v4() : tcp::v6(), error);
  if (error) return base::unexpected("cannot make a socket: " + error.message());
  if (request.local.isV6()) acceptor.set_option(asio::ip::v6_only(true), error);
  setReuseAddress(acceptor);
  if (!error) error = bindInRange(acceptor, toAsio(request.local, scope), request.firstPort, request.lastPort);
  // Only now: the port is shared with what connects from it later, and not with another listener.
  setReusePort(acceptor);
  if (!error) acceptor.listen(backlog, error);
  if (!error) acceptor.non_blocking(true, error);
  if (error)
    return base::unexpected("cannot listen at " + rangeText({request.local, request.firstPort}, request.lastPort) +
                            ": " + error.message());
  auto listener = std::make_shared<TcpListener>(std::move(acceptor), request.socket, sink);
  listener->accept();
  return listener;
}

void TcpListener::accept() {
  acceptor_.async_accept([self = shared_from_this()](const boost::system::error_code& error, tcp::socket socket) {
    if (!self->acceptor_.is_open()) return;
    if (error) {
      self->pause_.expires_after(pause);
      self->pause_.async_wait([self](const boost::system::error_code& cancelled) {
        if (!cancelled && self->acceptor_.is_open()) self->accept();
      });
      return;
    }
    ++self->accepted_;
    const SocketId id = self->sink_.onTcpAccepting();
    auto stream = TcpStream::accepted(std::move(socket), id, self->sink_);
    self->sink_.onTcpAccepted({self->id_, id, stream->local(), stream->remote()}, stream);
    self->sink_.onBatchEnd();
    stream->start();
    if (self->acceptor_.is_open()) self->accept();
  });
}

void TcpListener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

std::string TcpListener::report() const {
  return "TCP listener at " + local_.toString() + ": accepted " + std::to_string(accepted_);
}

}  // namespace parley::net
