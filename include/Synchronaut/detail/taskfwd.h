#pragma once

namespace Synchronaut {

template <typename T = void>
class Task;

} // namespace Synchronaut
