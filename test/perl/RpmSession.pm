# RpmSession: a psql that is asked and answers while other sessions are at work, without a log line for each question.
package RpmSession;
use strict;
use warnings;
use IPC::Run;
use Time::HiRes qw(time usleep);

# new(node, user): connects; {pid} is the server's process.
sub new
{
	my ($class, $node, $user) = @_;
	my ($in, $out, $err) = ('', '', '');
	my @user = defined $user ? ('-U', $user) : ();
	my $handle = IPC::Run::start([ 'psql', '-XAtq', @user, '-d', $node->connstr('postgres') ], '<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout(300));
	my $self = bless { handle => $handle, in => \$in, out => \$out, err => \$err }, $class;
	$self->{pid} = $self->ask('SELECT pg_backend_pid()');
	return $self;
}

# Starts a query and returns at once.
sub start
{
	my ($self, $query) = @_;
	${ $self->{out} } = ${ $self->{err} } = '';
	${ $self->{in} } .= "$query;\n\\echo answered\n";
	$self->pump;
	return;
}

# Moves what can be moved; true when the query has been answered.
sub pump
{
	my $self = shift;
	$self->{handle}->pump_nb;
	return $self->answered;
}

sub answered { my $self = shift; return ${ $self->{out} } =~ /answered\n$/; }

# Waits for the answer; errors and notices are in error().
sub answer
{
	my $self = shift;
	$self->{handle}->pump until $self->answered;
	my $answer = ${ $self->{out} };
	$answer =~ s/\n?answered\n$//;
	return $answer;
}

sub ask
{
	my ($self, $query) = @_;
	$self->start($query);
	return $self->answer;
}

# What came over standard error since the last start; psql writes it before the answer's mark, but through another pipe.
sub error
{
	my $self = shift;
	$self->{handle}->pump_nb for 1 .. 3;
	return ${ $self->{err} };
}

# Reads to its end a session whose server is gone: psql then ends by itself, and what it says must not be lost to a write that fails.
sub lost
{
	my $self = shift;
	eval { while ($self->{handle}->pumpable) { $self->{handle}->pump; } };
	eval { $self->{handle}->finish; };
	return ${ $self->{err} };
}

# Ends the session, also one whose server is gone.
sub finish
{
	my $self = shift;
	${ $self->{in} } .= "\\q\n";
	eval { $self->{handle}->finish; };
	return;
}

# Threads and resident memory (kB) of a process.
sub threads { my $pid = shift; my @tasks = glob("/proc/$pid/task/*"); return scalar @tasks; }

# The number of threads once it is the one expected; else what it still is after two seconds. A thread that has been joined stands in /proc
# for a moment more: the kernel wakes who joins it before it takes the entry away.
sub threads_settled
{
	my ($pid, $expected) = @_;
	my $end = time + 2;
	usleep(2000) while threads($pid) != $expected && time < $end;
	return threads($pid);
}

sub resident_kb
{
	my $pid = shift;
	my ($kb) = PostgreSQL::Test::Utils::slurp_file("/proc/$pid/status") =~ /VmRSS:\s+(\d+) kB/;
	return $kb;
}

1;
