# foreign.cpp speaks as a plain OpenSSL program does.
target_link_libraries(unit_dtls PRIVATE OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
