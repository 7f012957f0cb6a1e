#pragma once

/// \file
/// All of the public API.

#include <parley/address.hpp>
#include <parley/async.hpp>
#include <parley/certificate.hpp>
#include <parley/configuration.hpp>
#include <parley/data_channel.hpp>
#include <parley/encoded_frame.hpp>
#include <parley/engine.hpp>
#include <parley/enums.hpp>
#include <parley/error.hpp>
#include <parley/executor.hpp>
#include <parley/ice_candidate.hpp>
#include <parley/io.hpp>
#include <parley/log.hpp>
#include <parley/media_stream.hpp>
#include <parley/packet.hpp>
#include <parley/peer_connection.hpp>
#include <parley/rtc_error.hpp>
#include <parley/rtp_forwarder.hpp>
#include <parley/rtp_parameters.hpp>
#include <parley/rtp_transceiver.hpp>
#include <parley/runtime.hpp>
#include <parley/session_description.hpp>
#include <parley/stats.hpp>
#include <parley/time.hpp>
#include <parley/transports.hpp>
