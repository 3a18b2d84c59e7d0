#include "cli/failure.hpp"

#include <new>

namespace neuspec::cli {

void rethrow(const std::exception_ptr& failure, const std::string& saved) {
  const std::string addition = saved.empty() ? "" : "; " + saved;
  try {
    std::rethrow_exception(failure);
  } catch (const UsageError& error) {
    throw UsageError(error.what() + addition);
  } catch (const DataError& error) {
    throw DataError(error.what() + addition);
  } catch (const std::bad_alloc&) {
    throw EnvironmentError("not enough memory" + addition);
  } catch (const std::exception& error) {
    throw EnvironmentError(error.what() + addition);
  }
}

}  // namespace neuspec::cli
