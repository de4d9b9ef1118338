#include <Synchronaut/synchronizer.h>

namespace Synchronaut {

Synchronizer::Synchronizer(const QString &name, Mode mode)
    : m_core(new detail::SynchronizerCore(name, mode == ThreadAffine)) // owned by the references to it
{
}

Synchronizer::Synchronizer(const char *name, Mode mode) : Synchronizer(QString::fromUtf8(name), mode) { }

Synchronizer::~Synchronizer()
{
    m_core->stop();
}

QThread *Synchronizer::thread() const noexcept
{
    return m_core->thread();
}

QString Synchronizer::name() const
{
    return m_core->name();
}

} // namespace Synchronaut
