#pragma once

#include <Synchronaut/export.h>

#include <QtCore/QString>

namespace Synchronaut {

/*!
    Writes what ran where and when to a file, for as long as it lives: Chrome's trace events, which
    https://ui.perfetto.dev and chrome://tracing show. One slice for each time that a thread runs code of a
    call, or is blocked in one; one track for each call from its beginning to its end; arrows from where a
    call is made to where it runs, and from its end to who has waited for it.

    \code
    int main(int argc, char *argv[])
    {
        QApplication app(argc, argv);
        const Synchronaut::Trace trace("calls.json");
        ...
    }
    \endcode

    Events are kept in memory, some thousands at a time, between writes. See
    https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU for the format.
*/
class SYNCHRONAUT_EXPORT Trace
{
public:
    /// Begins to write to \a fileName, which is replaced. Any thread. Throws CallError if it cannot be
    /// written, or while there is another Trace.
    explicit Trace(const QString &fileName);
    /// Completes the file. Any thread. What cannot be written is logged.
    ~Trace();
    Trace(const Trace &) = delete;
    Trace &operator=(const Trace &) = delete;
};

} // namespace Synchronaut
