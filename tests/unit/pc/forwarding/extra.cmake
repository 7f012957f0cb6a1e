# ThreadSanitizer has an operator new of its own, which cannot be replaced; there are no threads here to look at either.
if(PARLEY_SANITIZE MATCHES "thread")
  set(registers_itself TRUE)
  set_target_properties(unit_${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
endif()
