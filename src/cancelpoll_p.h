#pragma once

#include <Synchronaut/detail/callstate.h>
#include <Synchronaut/detail/refptr.h>

#include <QtCore/QBasicTimer>
#include <QtCore/QObject>

namespace Synchronaut::detail {

// QFuture::cancel() tells nobody but a QFutureWatcher, which holds the future and would pass for an
// observer of its error (G16). isCanceled() looks, but a stop token has to be told. So the background
// loop looks for the calls that have given one out, until they have ended: made by the code of the
// call, deleted by itself on that loop, or with it.
class CallState::CancelPoll : public QObject
{
public:
    /// For \a call, whose code runs here, and for the calls that it is made by.
    static void start(CallState *call);

protected:
    void timerEvent(QTimerEvent *event) override;

private:
    explicit CancelPoll(const RefPtr<CallState> &call);

    const RefPtr<CallState> m_call;
    QBasicTimer m_timer;
};

} // namespace Synchronaut::detail
