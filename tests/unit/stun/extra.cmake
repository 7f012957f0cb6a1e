# The simulated TURN server is what the client is tried against.
target_sources(unit_stun PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/sim/turn_service.cpp")
