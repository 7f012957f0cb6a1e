#include "sdp/write.hpp"

#include "sdp/write_attribute.hpp"

namespace parley::sdp {
namespace {

class Writer {
 public:
  std::string run(const Description& d) {
    line('v', std::to_string(d.version));
    start('o') += d.origin.username + ' ' + std::to_string(d.origin.sessionId) + ' ' +
                  std::to_string(d.origin.sessionVersion) + ' ';
    appendConnection(out_, d.origin.address);
    end();
    line('s', d.sessionName);
    optional('i', d.information);
    optional('u', d.uri);
    for (const auto& email : d.emails) line('e', email);
    for (const auto& phone : d.phones) line('p', phone);
    if (d.connection) connection(*d.connection);
    bandwidths(d.bandwidths);
    for (const auto& timing : d.timings) {
      line('t', std::to_string(timing.start) + ' ' + std::to_string(timing.stop));
      for (const auto& repeat : timing.repeats) line('r', repeat);
      optional('z', timing.zones);
    }
    optional('k', d.key);
    attributes(d.attributes);
    for (const auto& m : d.media) media(m);
    return std::move(out_);
  }

 private:
  void media(const MediaSection& m) {
    start('m') += m.kind + ' ' + std::to_string(m.port);
    if (m.portCount) out_ += '/' + std::to_string(*m.portCount);
    out_ += ' ' + m.protocol;
    for (const auto& format : m.formats) out_ += ' ' + format;
    end();
    optional('i', m.title);
    for (const auto& one : m.connections) connection(one);
    bandwidths(m.bandwidths);
    optional('k', m.key);
    attributes(m.attributes);
  }

  void connection(const Connection& one) {
    start('c');
    appendConnection(out_, one);
    end();
  }

  void bandwidths(const std::vector<Bandwidth>& list) {
    for (const auto& one : list) line('b', one.type + ':' + std::to_string(one.value));
  }

  void attributes(const std::vector<Attribute>& list) {
    for (const auto& attribute : list) {
      start('a');
      appendAttribute(out_, attribute);
      end();
    }
  }

  void optional(char type, const std::optional<std::string>& value) {
    if (value) line(type, *value);
  }

  void line(char type, std::string_view value) {
    start(type) += value;
    end();
  }

  std::string& start(char type) { return (out_ += type) += '='; }
  void end() { out_ += "\r\n"; }

  std::string out_;
};

}  // namespace

std::string write(const Description& description) { return Writer().run(description); }

std::string write(const Attribute& attribute) {
  std::string out;
  appendAttribute(out, attribute);
  return out;
}

}  // namespace parley::sdp
