# HTTP::Tiny, each request under an alarm.
use HTTP::Tiny;
my $http = HTTP::Tiny->new(timeout => 10, default_headers => { Authorization => 'Bearer any' });
my $url = "$ENV{APIXO_BASE_URL}/statusTask/$ENV{POLLBENCH_MODEL}?taskId=$ENV{POLLBENCH_TASK_ID}";
while (1) {
    alarm 20;
    my $answer = $http->get($url);
    alarm 0;
    last if $answer->{content} =~ /"state":"success"/;
    sleep 3;
}
