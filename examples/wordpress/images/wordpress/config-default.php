<?php
// What Debian's wp-config.php includes: everything comes from the environment.
define('DB_HOST', getenv('DATABASE_HOST'));
define('DB_NAME', getenv('DATABASE'));
define('DB_USER', getenv('USERNAME'));
define('DB_PASSWORD', getenv('PASSWORD'));
define('DB_CHARSET', 'utf8mb4');

// The keys and salts of cookies and nonces, each made of the one secret.
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
    define("{$name}_KEY", hash_hmac('sha256', "{$name}_KEY", getenv('KEY')));
    define("{$name}_SALT", hash_hmac('sha256', "{$name}_SALT", getenv('KEY')));
}

// WEBSITE_URL fixes the address. Without it, the website answers under whatever address it is reached by.
$url = getenv('WEBSITE_URL');
if (!$url) {
    $https = ($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https';
    $url = ($https ? 'https://' : 'http://') . ($_SERVER['HTTP_HOST'] ?? 'localhost');
}
define('WP_HOME', $url);
define('WP_SITEURL', $url);

// On the claim. Updates come with the image, so nothing is fetched from elsewhere.
define('WP_CONTENT_DIR', '/srv/website/wp-content');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_ALLOW_MULTISITE', false);
