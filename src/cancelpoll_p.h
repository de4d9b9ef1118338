#pragma once

#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/detail/refptr.h>

#include <QtCore/QBasicTimer>
#include <QtCore/QObject>

#include <vector>

namespace Synchronaut::detail {

// QFuture::cancel() tells nobody but a QFutureWatcher, which holds the future and would pass for an
// observer of its error (G16). isCanceled() looks, but a stop token has to be told. So the background
// loop looks, every 10 ms, at the calls that have given one out and have not ended. One object a loop,
// made by the first such call, deleted with the loop; it does nothing while there are no such calls.
class CallState::CancelPoll : public QObject
{
public:
    /// For \a call, whose code runs here, and for the calls that it is made by. Any thread.
    static void start(CallState *call);

    ~CancelPoll() override;

protected:
    void timerEvent(QTimerEvent *event) override;

private:
    CancelPoll() = default;
    static void look(const RefPtr<CallState> &call);

    std::vector<RefPtr<CallState>> m_calls;
    QBasicTimer m_timer;
};

} // namespace Synchronaut::detail
