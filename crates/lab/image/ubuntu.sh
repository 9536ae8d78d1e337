# Goes on where the script for all guests ends. Ubuntu links its kernel in /boot.
ln -s boot/vmlinuz boot/initrd.img "$root/"
# What looks for news, offers and new releases by itself.
in_guest systemctl mask --quiet apt-news.service esm-cache.service motd-news.timer ua-timer.timer \
    ubuntu-advantage.service update-notifier-download.timer update-notifier-motd.timer
